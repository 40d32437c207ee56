"""The decorator that makes a function or a class a processor."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from streamlib.schema import Schema, SchemaError

Execution = Literal["manual", "reactive", "continuous"]
Delivery = Literal["latest", "every_sample", "lossless"]
T = TypeVar("T", bound=Callable[..., Any])

_PORT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

#: The most frames that an input may keep.
MOST_KEPT = 200

#: Where the decorator leaves its declaration.
MARK = "__streamlib_processor__"

#: What is called of a class, if it is there.
HOOKS = ("setup", "start", "process", "stop", "teardown")


class ProcessorError(Exception):
    """A processor is declared wrongly, or returned something that cannot be sent. The message says what to change."""


@dataclass(frozen=True)
class ProcessorSpec:
    """What the decorator was given, checked."""

    name: str
    target: Any
    execution: Execution | None
    inputs: Mapping[str, type[Schema]]
    outputs: Mapping[str, type[Schema]]
    delivery: Mapping[str, Delivery] = field(default_factory=dict)
    keep: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_function(self) -> bool:
        return not inspect.isclass(self.target)


def processor(
    target: None = None,
    /,
    *,
    inputs: Mapping[str, type[Schema]] | None = None,
    outputs: Mapping[str, type[Schema]] | None = None,
    execution: Execution | None = None,
    delivery: Mapping[str, Delivery] | None = None,
    keep: Mapping[str, int] | int | None = None,
    name: str | None = None,
) -> Callable[[T], T]:
    """Makes a function or a class a processor.

    A function is called with a dict of the input frames, and with the `Context` if it takes a second argument; it returns a
    dict of outputs, a frame where there is one output, or ``None``. A class has the methods ``process(ctx)`` (manual:
    ``start(ctx)``) and, if it likes, ``setup``, ``start``, ``stop`` and ``teardown``.

    Args:
        target: Only there to tell those who forget the parentheses; leave it out.
        inputs: The input ports and their schemas, in an order that stays. A name has letters, digits and ``_``, 64 at most.
        outputs: The output ports and their schemas, likewise. There is at least one port.
        execution: ``"reactive"`` (called for each frame), ``"continuous"`` (called in a loop) or ``"manual"`` (runs on its
            own). Left out, the manifest decides, and else it is reactive.
        delivery: For each input, what happens to frames that come faster than they are processed: ``"latest"`` keeps the
            newest (default for pictures), ``"every_sample"`` keeps a bounded queue (default for the rest), ``"lossless"``
            holds the producer back.
        keep: For each input, how many frames the code keeps besides the one that it works on, from 0 to 200; a number alone
            holds for all inputs. Without it a producer has some ten frames to spare, and stops when they are all kept.
        name: The processor's name; that of the function or class if not given.

    Returns:
        The decorator. It leaves the function or class as it is.

    Raises:
        ProcessorError, SchemaError: the declaration is wrong; raised when the decorator is applied.
    """

    if target is not None:
        raise ProcessorError(
            f"@streamlib.processor needs its ports in parentheses, not {_named(target)}: "
            '@streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame})'
        )
    for what, given in (("inputs", inputs), ("outputs", outputs), ("delivery", delivery), ("keep", keep)):
        if given is not None and not isinstance(given, Mapping) and not (what == "keep" and isinstance(given, int)):
            example = {"delivery": '"latest"', "keep": "16"}.get(what, "VideoFrame")
            raise ProcessorError(
                f"{what} of a processor is a dict with the names of its ports, not {_named(given)}: "
                f'{what}={{"video_in": {example}}}'
            )

    def mark(target: T) -> T:
        if not callable(target):
            raise ProcessorError(f"the decorator is for functions and classes, not for {target!r}")
        spec = ProcessorSpec(
            name=name or str(getattr(target, "__name__", type(target).__name__)),
            target=target,
            execution=execution,
            inputs=dict(inputs or {}),
            outputs=dict(outputs or {}),
            delivery=dict(delivery or {}),
            keep=dict.fromkeys(inputs or {}, keep) if isinstance(keep, int) else dict(keep or {}),
        )
        _check(spec)
        setattr(target, MARK, spec)
        return target

    return mark


def _named(value: object) -> str:
    return str(getattr(value, "__name__", repr(value)[:80]))


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of a message about a name that does not exist: the ones that do, and the one that may have been meant."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; there are: {', '.join(names)}" if names else "; there are none"


def _check(spec: ProcessorSpec) -> None:
    where = f"processor {spec.name}"
    if spec.execution is not None and spec.execution not in get_args(Execution):
        raise ProcessorError(f"{where}: execution is {spec.execution!r}{nearest(spec.execution, get_args(Execution))}")
    for kind, ports in (("input", spec.inputs), ("output", spec.outputs)):
        for port, schema in ports.items():
            if not isinstance(port, str) or not _PORT.fullmatch(port):
                raise ProcessorError(
                    f"{where}: {port!r} is not a valid name for an {kind}; use letters, digits and _, 64 at most"
                )
            if not (isinstance(schema, type) and issubclass(schema, Schema)):
                raise ProcessorError(
                    f'{where}: {kind} "{port}" needs a schema class such as streamlib.VideoFrame, not {schema!r}'
                )
            try:
                schema.schema()
            except SchemaError as error:
                raise SchemaError(f'{where}: {kind} "{port}": {error}') from None
    for port, policy in spec.delivery.items():
        if port not in spec.inputs:
            raise ProcessorError(f'{where}: delivery names "{port}", which is not an input{nearest(port, spec.inputs)}')
        if policy not in get_args(Delivery):
            raise ProcessorError(f'{where}: delivery of "{port}" is {policy!r}{nearest(policy, get_args(Delivery))}')
    for port, count in spec.keep.items():
        if port not in spec.inputs:
            raise ProcessorError(f'{where}: keep names "{port}", which is not an input{nearest(port, spec.inputs)}')
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_KEPT:
            raise ProcessorError(
                f'{where}: keep of "{port}" is {count!r}; it must be a whole number from 0 to {MOST_KEPT}'
            )
    if not spec.inputs and not spec.outputs:
        raise ProcessorError(f"{where} has neither inputs nor outputs; name them in the decorator")
    if spec.is_function and (is_async(spec.target) or is_async(type(spec.target).__call__)):
        raise ProcessorError(f"{where} is async, which processors cannot be; write a plain function or a class")
    if spec.execution is not None:
        refuse_generator(spec, spec.execution)
    if not spec.is_function:
        refuse_unrun_hooks(spec.name, spec.target)


def refuse_generator(spec: ProcessorSpec, kind: str) -> None:
    """Called for each frame it would only be made, again and again, and never run."""
    code = spec.target
    if spec.is_function and kind != "manual" and any(map(inspect.isgeneratorfunction, (code, type(code).__call__))):
        raise ProcessorError(
            f'processor {spec.name} is {kind} and yields frames, which only a processor with execution="manual" can; '
            "return a frame, or send several with ctx.output(port).set(frame)"
        )


def is_async(code: Any) -> bool:
    return inspect.iscoroutinefunction(code) or inspect.isasyncgenfunction(code)


def refuse_unrun_hooks(name: str, owner: Any) -> None:
    """Nobody would await them or ask them for more, and what they should have done would be missing without a word."""
    for hook in HOOKS:
        code = getattr(owner, hook, None)
        if is_async(code):
            raise ProcessorError(
                f"processor {name}: its {hook}() is async, which hooks cannot be; write it with a plain def"
            )
        if inspect.isgeneratorfunction(code):
            raise ProcessorError(
                f"processor {name}: its {hook}() yields, which hooks cannot; send with ctx.output(port).set(frame)"
            )
