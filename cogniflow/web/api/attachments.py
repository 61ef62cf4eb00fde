"""Files of records: sent as multipart/form-data, and given back as they were sent."""

import io
from functools import partial

from flask import Blueprint, Response, g, request, send_file
from werkzeug.exceptions import UnsupportedMediaType

from cogniflow.domain.workspace.models import Attachment
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import rest_path
from cogniflow.records.attach import attach, file_of
from cogniflow.records.authorise import require
from cogniflow.web.api.answers import database, write_once, written

PATH = f"/api/{rest_path(Attachment)}"


def add_attachments(blueprint: Blueprint) -> None:
    """Serve POST /api/attachments and GET /api/attachments/<key>/content."""
    blueprint.add_url_rule(PATH, "attach", upload, methods=["POST"], strict_slashes=False)
    blueprint.add_url_rule(f"{PATH}/<key>/content", "attached", download, methods=["GET"], strict_slashes=False)


def upload() -> Response:
    """A new file of a record: the parts are `file`, `entity` and `record_id`."""
    require(g.caller, "create", Attachment)
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    request.get_data()  # kept: a repeated request is known by all of it
    file, record = request.files.get("file"), request.form.get("record_id", "")
    if file is None:
        raise Invalid("The request cannot be accepted.", [FieldError("file", "is required")])
    values = {"entity": request.form.get("entity", ""), "record_id": int(record) if record.isdecimal() else record,
              "file_name": (file.filename or "").replace("\\", "/").rpartition("/")[2]}
    values |= {"media_type": file.mimetype} if file.mimetype else {}
    content = file.read()
    return write_once(partial(require, g.caller, "create", Attachment), lambda session: written(
        session, Attachment, attach(session, g.caller, values, content), 201))


def download(key: str) -> Response:
    """The content of a file, to be kept, never shown: what it is made of is not ours."""
    with database().reading() as session:
        found = file_of(session, g.caller, key)
    answer = send_file(io.BytesIO(found.content), found.media_type, as_attachment=True, download_name=found.file_name,
                       etag=found.sha256)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
