"""The user's function or class behind one face: its hooks, called with what they ask for."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, Literal

from streamlib.context import Context
from streamlib.processor import HOOKS, ProcessorError, ProcessorSpec, nearest, refuse_generator, refuse_unrun_hooks


class UserCode:
    """The hooks of one processor. A function is its ``process`` (manual: its ``start``)."""

    def __init__(self, spec: ProcessorSpec, kind: str, config: Mapping[str, Any]) -> None:
        self.spec = spec
        self.is_function = spec.is_function
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._arity: dict[str, int] = {}
        needed = "start" if kind == "manual" else "process"
        if self.is_function:
            # The manifest may have set the kind.
            refuse_generator(spec, kind)
            self._function = needed
            self._hooks[needed] = spec.target
            self._arity[needed] = _arity(spec.target)
            return
        instance = spec.target()
        # Also those that only an instance has.
        refuse_unrun_hooks(spec.name, instance)
        for name in HOOKS:
            hook = getattr(instance, name, None)
            if callable(hook):
                self._hooks[name] = hook
                self._arity[name] = _arity(hook)
        if needed not in self._hooks:
            raise ProcessorError(f"class {spec.name} is {kind} and needs a method {needed}(self, ctx)")

    def has(self, hook: str) -> bool:
        return hook in self._hooks

    def call(self, name: str, ctx: Context) -> None:
        """Calls a hook, if there is one. What ``process`` and ``start`` return goes nowhere, so it is refused."""
        hook = self._hooks.get(name)
        if hook is None:
            return
        result = hook(ctx) if self._arity[name] > 0 else hook()
        if result is not None and name in ("process", "start"):
            refuse_result(result, name, self.spec)

    @property
    def cannot_send(self) -> bool:
        """A function with outputs that can neither return a frame nor send one through the context."""
        if not self.is_function or not self.spec.outputs or not self.spec.inputs:
            return False
        return self._arity[self._function] < 2 and returns_nothing(self.spec.target)

    def call_function(self, frames: Mapping[str, Any] | None, ctx: Context) -> Any:
        """Calls a function with the frames and the context, as far as it wants them. A source has no frames to get."""
        hook, arity = self._hooks[self._function], self._arity[self._function]
        given = (ctx,) if frames is None or not self.spec.inputs else (frames, ctx)
        return hook(*given[:arity])


def _arity(function: Callable[..., Any]) -> int:
    """How many positional arguments it takes, of two at most."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def returns_nothing(function: Callable[..., Any]) -> bool:
    """Whether a function ends by ``return None`` wherever it ends, which mostly means that ``return`` was forgotten."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType) or inspect.isgeneratorfunction(function):
        return False
    ends, value = 0, True
    for step in dis.get_instructions(code):
        if step.opname.startswith("RETURN_") and step.opname != "RETURN_GENERATOR":
            # What is jumped to may return what was worked out elsewhere.
            if (step.argval is not None) if step.opname == "RETURN_CONST" else (value or step.is_jump_target):
                return False
            ends += 1
        value = step.opname != "LOAD_CONST" or step.argval is not None
    return ends > 0


def refuse_result(result: Any, hook: str, spec: ProcessorSpec) -> None:
    """A class sends through the context: what its ``process`` or ``start`` returns would be lost without a word."""
    # `return ctx.output().set(frame)` is a way to end early.
    if isinstance(result, bool):
        return
    if inspect.isgenerator(result) or inspect.iscoroutine(result):
        result.close()
    port = next(iter(spec.outputs), None)
    instead = f'send it with ctx.output("{port}").set(frame)' if port else "it has no outputs to send it to"
    raise ProcessorError(f"{hook}() of class {spec.name} returned {_kind(result)}, which is not sent; {instead}")


def _kind(value: Any) -> str:
    return type(value).__name__


def send_result(
    result: Any, ctx: Context, outputs: Mapping[str, Any], name: str, verb: Literal["returned", "yielded"] = "returned"
) -> None:
    """Sends what a function returned or a generator yielded: a dict of outputs, one frame, or nothing.

    Raises:
        ProcessorError: it is something else, or for a port that does not exist. Nothing of it was sent.
    """
    if result is None:
        return
    if not isinstance(result, dict) and inspect.isgenerator(result):
        result.close()
        raise ProcessorError(f'{name} yields frames, which only a processor with execution="manual" can')
    if not isinstance(result, (dict, Mapping)):
        raise ProcessorError(f"{name} {verb} {_kind(result)}; {_instead(result, outputs)}")
    only = next(iter(outputs.values())) if len(outputs) == 1 else None
    if only is not None and not (result.keys() <= outputs.keys()):
        fields = {field["name"] for field in only.schema()["fields"]}
        # Also as `{**frame, ...}`, which is a plain dict.
        if isinstance(result, only) or result.keys() <= fields:
            result = {next(iter(outputs)): result}
    if not outputs and result:
        raise ProcessorError(
            f"{name} {verb} {_kind(result)}, but declares no outputs to send it to; name them in the decorator"
        )
    for port in result:
        if port not in outputs:
            raise ProcessorError(
                f'{name} {verb} a frame for "{port}", which is not one of its outputs{nearest(port, outputs)}'
            )
    for port, frame in result.items():
        if frame is None:
            continue
        if not isinstance(frame, (dict, Mapping)):
            raise ProcessorError(
                f'{name} {verb} {_kind(frame)} for output "{port}"; it must be a dict with the fields of '
                f"{outputs[port].__name__}, e.g. {outputs[port].__name__}(...)"
            )
    for port, frame in result.items():
        if frame is not None:
            ctx.output(port).set(frame)


def _instead(result: Any, outputs: Mapping[str, Any]) -> str:
    """What to return instead of something that is no frame."""
    if not outputs:
        return "it declares no outputs, so there is nothing to return"
    port, schema = next(iter(outputs.items()))
    frame = f"{schema.__name__}.from_numpy(pixels)" if hasattr(result, "__array_interface__") else "frame"
    return f'return a dict of outputs such as {{"{port}": {frame}}}, a frame where there is one output, or None'
