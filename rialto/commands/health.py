"""`rialto health`: one question to `/readyz`, for probes of containers."""

import httpx2


def healthy(url: str, timeout_s: float) -> tuple[bool, str]:
    """Whether the service at `url` would restore a photo now, and what it said."""
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/readyz", timeout=timeout_s, trust_env=False)
    except httpx2.HTTPError as error:
        return False, f"no answer from {url}: {error or type(error).__name__}"
    return answer.status_code == 200, answer.text
