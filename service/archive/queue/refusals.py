"""What the queue refuses, as problems."""

from service.problems import Problem


class NoSuchJob(Problem):
    """Never opened, or deleted."""

    status = 404
    slug = "no-such-job"
    title = "There is no such job"


class NoSuchPhoto(Problem):
    """The job has no photo of this name."""

    status = 404
    slug = "no-such-photo"
    title = "There is no such photo"


class JobClosed(Problem):
    """A closed job takes no new photos."""

    status = 409
    slug = "job-closed"
    title = "The job is closed"


class JobEnded(Problem):
    """A finished or cancelled job stays as it is."""

    status = 409
    slug = "job-ended"
    title = "The job has ended"


class IdempotencyMismatch(Problem):
    """An idempotency key that came before with another request."""

    status = 422
    slug = "idempotency-mismatch"
    title = "This Idempotency-Key was used for another job"


DETAILS: dict[type[Problem], str] = {
    NoSuchJob: "It was never opened, or has been deleted. GET /jobs lists all.",
    JobClosed: "It takes no new photos. Open another job for them.",
    JobEnded: "It is finished or cancelled, and stays as it is. Open another job.",
}
BY_SLUG = {problem.slug: problem for problem in DETAILS}


def refusal(slug: str) -> Problem:
    """The problem that a script refused with."""
    problem = BY_SLUG[slug]
    return problem(DETAILS[problem])
