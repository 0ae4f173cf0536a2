"""Settings of a picture that is made in no time."""

SMALL = {"steps": 2, "width": 64, "height": 64}
