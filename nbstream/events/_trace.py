"""`Trace`: the log with a ``with`` block, and its lenses as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from .._exceptions import InputError
from .._files import write_whole
from ._jsonl import dump
from ._load import load, read
from ._log import Log
from ._metrics import Metrics, measure
from ._scope import Scope, enter_scope, leave_scope
from ._spans import Span, spans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token
    from pathlib import Path

    from typing_extensions import Self

    from ._otel import OtelExport
    from ._types import Run

__all__ = ["Trace"]


class Trace(Log):
    """The log of everything that runs inside its ``with`` block.

    Outside such a block nothing is logged, and streaming costs next to nothing more.

    Examples
    --------
    >>> from nbstream import ScriptedChat, Trace
    >>> with Trace() as trace:
    ...     message = ScriptedChat(["Hello", " there"]).invoke("Hi")
    >>> [event.kind for event in trace.events]
    ['start', 'chunk', 'chunk', 'end']
    """

    def __init__(self) -> None:
        super().__init__()
        self._entered: list[Token[Scope | None]] = []

    def __enter__(self) -> Self:
        self._entered.append(enter_scope(Scope(self, None)))
        return self

    def __exit__(self, *_: object) -> None:
        leave_scope(self._entered.pop())

    def metrics(
        self, run: Run | None = None, *, price: Mapping[str, float] | None = None
    ) -> Metrics:
        """Return a run's metrics: time to the first token, rate, gaps, usage, cost.

        `Metrics` says what they are made of, also for a run that did not stream.

        Parameters
        ----------
        run
            By default the outermost ones, together.
        price
            ``{"input": …, "output": …}`` for a million tokens, in any currency.

        Raises
        ------
        InputError
            If nothing has run yet, or the price has another form.
        """
        if run is None and not self.runs:
            raise InputError(
                "Nothing has run in this trace yet. Call a model or chain inside `with trace:`."
            )
        return measure(self, run, price)

    def tokens(self, run: Run | None = None) -> Any:
        """Return a run's tokens as a table: when each came, how likely it was, what else there was.

        Parameters
        ----------
        run
            By default the first one. Where it told no log-probabilities, as a chain that ends in a
            parser, it is the model in it that gave the same text.

        Returns
        -------
        pandas.DataFrame or list of dict
            A ``DataFrame`` where pandas is installed. A row has ``token``; ``time`` and ``gap``, in
            seconds since the run began and since the token before; ``logprob``; ``rank``, 1 for the
            likeliest of its alternatives; ``entropy``, how open the choice was, in bits;
            ``alternatives``, the log-probability of each. What the model did not tell is missing;
            then a row is a chunk, which may be several tokens. For log-probabilities ask for them:
            ``ChatLocal(top_logprobs=5)``.

        Raises
        ------
        InputError
            If nothing has run yet, or the run is of another trace.

        Examples
        --------
        >>> from nbstream import ChatLocal, Trace
        >>> with Trace() as trace:
        ...     message = ChatLocal(top_logprobs=5, max_tokens=3).invoke("Say hello.")
        >>> table = trace.tokens()
        >>> len(table["alternatives"][0])
        5
        """
        from ._tokens import as_table

        return as_table(self, run)

    @overload
    def to_jsonl(self, path: None = None) -> str: ...

    @overload
    def to_jsonl(self, path: str | Path) -> Path: ...

    def to_jsonl(self, path: str | Path | None = None) -> str | Path:
        """Return the log as lines of JSON or, where a path is named, write them there.

        Messages, prompts, errors and whatever JSON knows come back from it as they were; of other
        objects only the ``repr`` does.

        Returns
        -------
        str or Path
            The text, or the file it has been written to. What was in that stays until all has been
            written.
        """
        text = "".join(f"{line}\n" for line in dump(self))
        return text if path is None else write_whole(path, text)

    def spans(self, *, content: bool = False) -> list[Span]:
        """Return the runs that have ended as spans, by OpenTelemetry's GenAI conventions.

        Parameters
        ----------
        content
            Whether prompts, answers, and what tools were given and gave are in the attributes. By
            default they are not, as the conventions say. Keys never are.

        Examples
        --------
        >>> from nbstream import ScriptedChat, Trace
        >>> with Trace() as trace:
        ...     message = ScriptedChat(["Hello"]).invoke("Hi")
        >>> [span.name for span in trace.spans()]
        ['chat ScriptedChat']
        >>> trace.spans(content=True)[0].attributes["gen_ai.input.messages"]
        '[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]'
        """
        return spans(self, content=content)

    def to_otel(
        self, target: Any = None, *, content: bool = False, live: bool = False
    ) -> OtelExport:
        """Send the runs to OpenTelemetry as spans: to Phoenix, Langfuse, MLflow, Logfire, Grafana.

        It needs ``pip install "nbstream[otel]"``. A run that has not ended is not sent.

        Parameters
        ----------
        target
            A ``TracerProvider``, a ``SpanExporter``, or a collector's URL, such as
            ``"http://localhost:6006"`` (``/v1/traces`` is added). By default the provider that
            OpenTelemetry has been set up with. With a provider, outermost runs lie in the span
            that is current when this is called.
        content
            As for `spans`.
        live
            Whether to go on with what runs from now on, each run as it ends, until the result's
            ``with`` block ends or its ``close()`` is called.

        Raises
        ------
        SetupError
            If OpenTelemetry is not installed.
        InputError
            If the target is something else.

        Examples
        --------
        >>> from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        >>> from nbstream import ScriptedChat, Trace
        >>> with Trace() as trace:
        ...     message = ScriptedChat(["Hello"]).invoke("Hi")
        >>> trace.to_otel(InMemorySpanExporter())
        <OtelExport: 1 spans>
        """
        from ._otel import OtelExport

        return OtelExport(self, target, content=content, live=live)

    @classmethod
    def from_jsonl(cls, source: str | Path) -> Self:
        """Load a log from a file, or from the text itself.

        Raises
        ------
        InputError
            If it cannot be read or is no such log; it says which line.

        Examples
        --------
        >>> from nbstream import ScriptedChat, Trace
        >>> with Trace() as trace:
        ...     _ = ScriptedChat(["Hello"]).invoke("Hi")
        >>> Trace.from_jsonl(trace.to_jsonl()).events[1].data.content
        'Hello'
        """
        trace = cls()
        load(trace, read(source))
        return trace
