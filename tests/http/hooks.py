"""What schemathesis cannot know: how the bodies of this service are made."""

import schemathesis

for media_type in ("application/zip", "application/x-tar", "application/x-ndjson"):
    schemathesis.serializer.alias(media_type, "application/octet-stream")
