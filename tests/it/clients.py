"""Runs the client walrus-python 0.1.0, unmodified, against both mocks."""

import io
import sys

from walrus import WalrusAPIError, WalrusClient

publisher, aggregator = sys.argv[1:]
client = WalrusClient(publisher_base_url=publisher, aggregator_base_url=aggregator)


def refused(call):
    try:
        call()
    except WalrusAPIError as error:
        return error.code, error.status
    raise AssertionError("it was not refused")


new = client.put_blob(b"walrus", epochs=5, deletable=True, encoding_type="RS2")["newlyCreated"]
blob_id, object_id = new["blobObject"]["blobId"], new["blobObject"]["id"]
assert new["blobObject"]["storage"]["endEpoch"] - new["blobObject"]["storage"]["startEpoch"] == 5, new
assert client.get_blob(blob_id) == b"walrus"
assert client.get_blob_by_object_id(object_id) == b"walrus"
assert client.get_blob_as_stream(blob_id).read() == b"walrus"
again = client.put_blob_from_stream(io.BytesIO(b"walrus"), epochs=1)
assert again["newlyCreated"]["blobObject"]["blobId"] == blob_id, again

metadata = {key.lower(): value for key, value in client.get_blob_metadata(blob_id).items()}
assert metadata["content-length"] == "6" and metadata["etag"] == blob_id, metadata
assert "content-type" not in metadata, metadata

absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk"
assert refused(lambda: client.get_blob(absent)) == (404, "NOT_FOUND")
assert refused(lambda: client.get_blob_by_object_id("0x1")) == (404, "NOT_FOUND")
assert refused(lambda: client.get_blob("abc"))[0] == 400
assert refused(lambda: client.put_blob(b"x" * (10 << 20 | 1)))[0] == 413
assert refused(lambda: client.put_blob(b"x", epochs=54)) == (500, "INTERNAL")
print("done")
