"""One picture in memory, and no byte more than it may have: nothing that is uploaded touches a disk."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from openmai.platform.pictures import MAX_BYTES

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class OnePicture(FileUploadHandler):
    """Keeps the field "picture" in memory; of a larger one it keeps just enough to be told as too large."""

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
        self._chunks: list[bytes] = []
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > MAX_BYTES:
            raise StopUpload(connection_reset=True)
        self._chunks.append(raw_data)

    def file_complete(self, file_size: int) -> SimpleUploadedFile | None:
        if self.field_name != "picture":
            return None
        return SimpleUploadedFile("picture", b"".join(self._chunks))


def takes_a_picture(view: View[P]) -> View[P]:
    """The site takes no files; this view takes one. The handler must stand before the form is read, and the
    check against forged requests reads it."""
    protected: View[P] = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def outer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.upload_handlers = [OnePicture(request)]
        return protected(request, *args, **kwargs)

    return outer
