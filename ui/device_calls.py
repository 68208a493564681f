"""The calls of device sign-in (RFC 8628): of the device that asks, and of the person who answers."""

from typing import Any

from ui.account_types import DeviceGrant, DeviceToken, WaitingDevice
from ui.api_errors import ApiError, raise_for_problem
from ui.api_requests import ApiRequests

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceCalls(ApiRequests):
    """Begin a device sign-in, ask for its token, let a device in or turn it away."""

    def begin_device_sign_in(self, client: str, device_name: str = "") -> DeviceGrant:
        """Ask for a code to show. `client`: `cli` or `add-on`."""
        return self._form("/v1/device/authorize", client_id=client, device_name=device_name)

    def ask_for_device_token(self, device_code: str, client: str) -> DeviceToken:
        """One poll for the token; this client then has it.

        Raises: ApiError: `code` is `authorization_pending` or `slow_down`, so wait and ask again; or the sign-in has
        failed: `access_denied`, `expired_token`, `invalid_grant`.
        """
        asked = {"grant_type": GRANT_TYPE, "device_code": device_code, "client_id": client}
        token: DeviceToken = self._form("/v1/device/token", **asked)
        self.token = token["access_token"]
        return token

    def waiting_device(self, user_code: str) -> WaitingDevice:
        """Who shows this code. Raises: ApiError 404: nobody (any more)."""
        return self._json("POST", "/v1/device/lookup", json={"user_code": user_code})

    def approve_device(self, user_code: str) -> None:
        """Let the device in, as oneself. Raises: ApiError 404: it waits no more."""
        self._send("POST", "/v1/device/approve", json={"user_code": user_code})

    def deny_device(self, user_code: str) -> None:
        """Turn the device away. Raises: ApiError 404: it waits no more."""
        self._send("POST", "/v1/device/deny", json={"user_code": user_code})

    def _form(self, path: str, **fields: str) -> Any:
        """POST a form. Its refusals are OAuth's, and no problem documents."""
        with self._errors():
            response = self._http.post(path, data=fields)
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise_for_problem(response)
            raise ApiError(response.status_code, "not_json", f"{self.base_url} is not a Prompt2Mesh server.")
        if response.is_error and isinstance(body.get("error"), str):
            raise ApiError(response.status_code, body["error"], str(body.get("error_description", body["error"])))
        raise_for_problem(response)
        return body
