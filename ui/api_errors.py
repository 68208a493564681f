"""What can go wrong between a client and the API. Every message is one sentence for the user."""

import httpx2

from ui.api_types import Problem


class ClientError(Exception):
    """Root of the errors of the API's clients."""


class ApiError(ClientError):
    """The API answered with an error. `code` is stable; `detail` is one sentence for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.status == 429 or self.status >= 500


class ApiUnreachable(ClientError):
    """No answer came: nothing listens there, or the connection broke."""


def raise_for_problem(response: httpx2.Response) -> None:
    """Do nothing for a success. The body of an error must be read already. Raises: ApiError."""
    if not response.is_error:
        return
    problem = _problem_of(response)
    if problem is None:
        said = f"{response.status_code} {response.reason_phrase}".strip()
        raise ApiError(response.status_code, "not_a_problem", f"The server at {_site(response)} answered {said}.")
    raise ApiError(response.status_code, problem["code"], problem["detail"])


def unreachable(base_url: str, error: httpx2.RequestError) -> ApiUnreachable:
    """The sentence for a request that got no answer."""
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return ApiUnreachable(f"Nothing answers at {base_url}; check the address and whether Prompt2Mesh is running.")
    if isinstance(error, httpx2.TimeoutException):
        return ApiUnreachable(f"The server at {base_url} did not answer in time; try again in a moment.")
    return ApiUnreachable(f"The connection to {base_url} broke; try again in a moment.")


def _problem_of(response: httpx2.Response) -> Problem | None:
    try:
        body = response.json()
    except ValueError:
        return None
    if not (isinstance(body, dict) and isinstance(body.get("detail"), str) and isinstance(body.get("code"), str)):
        return None
    return Problem(
        title=str(body.get("title", "")), status=response.status_code, detail=body["detail"], code=body["code"]
    )


def _site(response: httpx2.Response) -> str:
    url = response.request.url
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
