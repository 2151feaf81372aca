import pytest

from nbstream.wire import advice, error_from

from .streams import as_object


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}, 429, None),
        ({"error": {"type": "invalid_request_error", "code": "model_not_found"}}, 404, None),
        ({"error": {"code": 503, "status": "UNAVAILABLE", "message": "x"}}, 503, "UNAVAILABLE"),
        ([{"error": {"code": 503, "status": "UNAVAILABLE"}}], 503, "UNAVAILABLE"),
        ({"error": {"type": "unheard_of", "message": "x"}}, None, "unheard_of"),
        ({"detail": "x"}, None, None),
        ({"error": {"code": "429"}}, None, "429"),
        ({"error": {"code": 7, "message": ["x"]}}, None, None),
        ("x", None, None),
        (None, None, None),
        ({}, None, None),
    ],
)
def test_what_an_error_means(said, status, kind):
    for form in (said, as_object(said)):
        error = error_from(form)
        assert error.status == status
        assert kind is None or error.kind == kind
        assert str(error).endswith(".")


def test_an_answers_own_status_counts_but_a_200_says_nothing():
    said = {"error": {"type": "overloaded_error"}}
    assert error_from(said, status=503).status == 503
    assert error_from(said, status=200).status == 529


def test_a_web_page_is_not_all_of_the_message():
    page = (
        "<!DOCTYPE html><style>a{}</style><h1>502 Bad\n Gateway</h1>" + "<p>Ray &nbsp;</p>" * 5_000
    )
    error = error_from(page, status=502)
    assert "502 Bad Gateway" in str(error)
    assert "<" not in str(error)
    assert len(str(error)) < 500


@pytest.mark.promise("docs/errors.md", "wait retry_after seconds where it is given")
@pytest.mark.parametrize(
    ("said", "header", "seconds"),
    [
        ({"message": "x"}, "20", 20.0),
        ({"message": "x", "retry_after": 3}, None, 3.0),
        ({"message": "Please try again in 250ms."}, None, 0.25),
        ({"message": "Please try again in 2m."}, None, 120.0),
        ({"message": "Please try again in 1.2.3s."}, None, None),
        ({"message": "x"}, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ({"message": "x"}, "nan", None),
        ({"message": "x"}, "-1", None),
    ],
)
def test_how_long_to_wait(said, header, seconds):
    assert error_from(said, retry_after=header).retry_after == seconds


def test_an_error_can_be_written():
    str(error_from({"error": {"message": "fish \ud83d", "type": "\ud83d"}})).encode()


def test_advice():
    assert "Shorten" in advice("exceed_context_size_error", 400)
    assert "Shorten" in advice("CONTEXT_LENGTH_EXCEEDED", None)
    assert "key" in advice(None, 401)
    assert advice("unheard_of", 418) == ""
