"""What the fields of intents may hold, in words too. A pattern's `$` alone would let a line break stand at the end."""

from __future__ import annotations

from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, description="a name of 1 to 255 characters")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500, description="an id of 1 to 500 characters")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=3000, description="a text of 1 to 3000 characters")]
Digits = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9A-D*#wW]{1,100}$(?!\n)",
        description="1 to 100 of the keys 0 to 9, A to D, * and #, and the pauses w (half a second) and W (a second)",
    ),
]
PhoneAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(\+[1-9][0-9]{4,14}|sips?:[^\s@]+@[^\s@]+)$(?!\n)",
        description="a number with + and country code, as +13125550131, or a SIP URI, as sip:desk@example.com",
    ),
]
Url = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https?://[^\s@]+$(?!\n)",
        max_length=2000,
        description="the address of a file, as https://example.com/hello.mp3, without @, of at most 2000 characters",
    ),
]
#: Why, for people who look at the state: it stands in views and on wallboards.
Reason = Annotated[str, msgspec.Meta(max_length=255, description="a text of at most 255 characters")]
Digest = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="a SHA-256, in 64 hexadecimal digits")
]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=14400, description="seconds, from 0 to 14400")]
