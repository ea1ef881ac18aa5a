"""Where a job's blobs lie in our own storage: below one folder, each called by its content.

A blob that is written twice is the same blob, and a job is deleted by its folder.
"""

OWN = "jobs/"


def job_folder(job_id: str) -> str:
    """Everything of a job."""
    return f"{OWN}{job_id}/"


def input_key(job_id: str, sha256: str) -> str:
    """A photo as it was sent."""
    return f"{job_folder(job_id)}in/{sha256}"


def output_key(job_id: str, sha256: str) -> str:
    """A restored photo."""
    return f"{job_folder(job_id)}out/{sha256}"
