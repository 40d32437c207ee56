"""The user's function or class behind one face: its hooks, called with what they ask for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

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
        hook = self._hooks.get(name)
        if hook is not None:
            hook(ctx) if self._arity[name] > 0 else hook()

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


def send_result(result: Any, ctx: Context, outputs: Mapping[str, Any], name: str) -> None:
    """Sends what a function returned or a generator yielded: a dict of outputs, one frame, or nothing."""
    if result is None:
        return
    if not isinstance(result, dict) and inspect.isgenerator(result):
        result.close()
        raise ProcessorError(f'{name} yields frames, which only a processor with execution="manual" can')
    if not isinstance(result, (dict, Mapping)):
        raise ProcessorError(
            f"{name} returned {type(result).__name__}; return a dict of outputs such as "
            f'{{"{next(iter(outputs), "video_out")}": frame}}, a frame where there is one output, or None'
        )
    only = next(iter(outputs.values())) if len(outputs) == 1 else None
    if only is not None and not (result.keys() <= outputs.keys()):
        fields = {field["name"] for field in only.schema()["fields"]}
        # Also as `{**frame, ...}`, which is a plain dict.
        if isinstance(result, only) or result.keys() <= fields:
            result = {next(iter(outputs)): result}
    for port in result:
        if port not in outputs:
            raise ProcessorError(
                f'{name} returned a frame for "{port}", which is not one of its outputs{nearest(port, outputs)}'
            )
    for port, frame in result.items():
        if frame is None:
            continue
        if not isinstance(frame, (dict, Mapping)):
            raise ProcessorError(
                f'{name} returned {type(frame).__name__} for output "{port}"; it must be a dict with the fields of '
                f"{outputs[port].__name__}, e.g. {outputs[port].__name__}(...)"
            )
        ctx.output(port).set(frame)
