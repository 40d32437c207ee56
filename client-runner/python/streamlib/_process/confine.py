"""Confines this process and becomes the program that is to run confined. Started by a runtime, not by people.

The runtime starts it as ``python -I -S -c BOOT POLICY -m MODULE ARGUMENTS``: without ``site``, so that no package's start-up
hook and no file of the working directory runs before the process is confined. For a processor, the handshake with broker and
host is done first, here; what is run confined inherits only the channel. Since it starts as a new program, threads and memory
of the handshake (gRPC's, and this connection's token) are gone by then.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, NoReturn

from streamlib._native import BridgeError, sandbox_support
from streamlib._process import entry
from streamlib._process.entry import ProcessFailed, die_with_parent, open_session
from streamlib._process.handover import hand_over
from streamlib._sandbox import mechanisms
from streamlib._sandbox.policy import limits, variables

RUNNER = "streamlib._subprocess_runner"
CONFINED = "streamlib._process.confined"


def run(arguments: list[str]) -> NoReturn:
    """Ends the process with the exit code of `main`."""
    entry.run(lambda: main(arguments))


def main(arguments: list[str]) -> int:
    if arguments == ["--probe"]:
        return _probe()
    if arguments[:1] == ["--spare"]:
        from streamlib._process import confined_spare

        return confined_spare.main()
    policy = json.loads(arguments[0])
    if arguments[1:2] != ["-m"] or len(arguments) < 3:
        print("usage: python -I -S -c BOOT POLICY -m MODULE [ARGUMENTS]", file=sys.stderr)
        return entry.EXIT_USAGE
    module, rest = arguments[2], arguments[3:]
    try:
        return _confine(policy, module, rest)
    except (BridgeError, OSError) as error:
        raise ProcessFailed(entry.EXIT_SANDBOX, f"{policy.get('name', 'the code')} is not run: {error}") from None


def _confine(policy: dict[str, Any], module: str, arguments: list[str]) -> int:
    inherited = _inherited()
    die_with_parent()
    if module != RUNNER:
        mechanisms.become(policy, [CONFINED, module, *arguments], variables(policy), inherited)
    session, schemas = open_session()
    if policy.get("mechanism") == "seatbelt":
        # On macOS a channel does not outlive a program, so this process confines itself: nothing of the code has run yet.
        from streamlib._process import confined

        mechanisms.enter(policy, variables(policy))
        mechanisms.limit(limits(policy), 0)
        mechanisms.enter_seatbelt(str(policy["profile"]))
        mechanisms.initialise_site(policy)
        return confined.serve(session, schemas, arguments)
    keep, handed_over = hand_over(session.connection, schemas)
    return mechanisms.become(policy, [CONFINED, *arguments], {**variables(policy), **handed_over}, keep)


def _probe() -> int:
    """Reports what the kernel offers."""
    landlock, seccomp = sandbox_support()
    print(json.dumps({"landlock": landlock, "seccomp": seccomp}))
    return 0


def _inherited() -> list[int]:
    """What the runtime left open for the program: a descriptor for its report, say."""
    found = []
    for fd in mechanisms.open_descriptors():
        try:
            if fd > 2 and os.get_inheritable(fd):
                found.append(fd)
        except OSError:
            continue  # That of the listing itself.
    return found
