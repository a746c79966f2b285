"""When a page is answered before all that is said of its mail is known."""

from __future__ import annotations

from starlette.requests import Request

from mailer.web.preview.view import Tab, View


class Haste:
    """Who opens an edition gets the mail first, and whoever asks again all of it.

    What asks again is the script of that page, once its mail is drawn; without scripts
    the browser does, at once.
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def allows(self, request: Request, name: str, view: View, mark: int) -> bool:
        """Whether *request* may have a part of what *view* shows of *name*.

        *mark* is the number of the last change: what was saved is new again. Whatever
        is no window of a browser (Fetch Metadata) waits for the whole.
        """
        return (
            request.headers.get("sec-fetch-mode") == "navigate"
            and view.tab is Tab.SEEN
            and view.subscriber is None
            and self._given.get(name) != mark
        )

    def remember(self, name: str, mark: int) -> None:
        """A part of *name* was given."""
        self._given[name] = mark
