"""images.py - the sample images of hack/images/catalog.py, and what is done to them besides: a shell, a session."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "hack/images"))
from catalog import IMAGES  # noqa: E402, F401 - the rest reads it from here

SHELL_LESS = {"musl", "static", "go-static", "go-cgo"}
TOOL_AGAIN, LINE_AGAIN = r"tool <(again|0)>", r"again"


def has_shell(image):
    return image.name not in SHELL_LESS


def session(image):
    """What `kubectl exec` starts in it: it says something, and ends with 7."""
    return ["sh", "-c", "echo out; echo err >&2; /bin/uname -s; exit 7"] if has_shell(image) else ["tool", "7", "word"]


def named_in_session(image):
    return [] if image.libc != "glibc" else [session(image)] + ([["/bin/uname", "-s"]] if has_shell(image) else [])


def again(image):
    """Lines that a serving container goes on to say."""
    return TOOL_AGAIN if ["tool", "7"] in [list(v) for v in image.starts] or image.name in ("static", "go-static") else LINE_AGAIN
