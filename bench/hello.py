"""The least that the framework can answer: what no page of ours can go below."""

from litestar import Litestar, get


@get("/", sync_to_thread=False)
def hello() -> str:
    """One word."""
    return "hello"


app = Litestar([hello], openapi_config=None)
