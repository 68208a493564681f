"""The calls about models: which there are, and one's own Claude key."""

from ui.api_errors import ApiError
from ui.api_requests import ApiRequests
from ui.api_types import ModelKey, Models


class ModelCalls(ApiRequests):
    """List the models that can be chosen; enter, look at and remove one's own key."""

    def models(self) -> Models:
        """The models that a job may name."""
        return self._json("GET", "/v1/models")

    def model_key(self) -> ModelKey | None:
        """What is shown of one's own key; None while there is none."""
        try:
            return self._json("GET", "/v1/account/model-key")
        except ApiError as error:
            if error.code == "no_model_key":
                return None
            raise

    def set_model_key(self, key: str) -> ModelKey:
        """Enter one's own key. Raises: ApiError 422: it does not work. ApiError 503: it cannot be tested now."""
        return self._json("PUT", "/v1/account/model-key", json={"key": key})

    def remove_model_key(self) -> None:
        """From the next job on, the deployment's key is used, if it has one."""
        self._send("DELETE", "/v1/account/model-key")
