"""When which step runs: what is ready starts at once, each step in a thread of its own, as many at a time as allowed.

In: nodes, and functions that run one. It knows nothing about what a step is. Nothing here polls: the scheduler sleeps until a
step ends.

Where a step fails, what already runs goes on, and nothing new starts but steps that wait for that failure (the Trigger of a
DependsOn entry). The service's documentation does not say what becomes of steps that run beside a failed one; not to throw away
their work is the choice made here.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

from framework.local.graph import Node
from framework.pipeline.execution import FAILED, STOPPED, SUCCEEDED

ENDS = {SUCCEEDED: "Completed", FAILED: "Failed", STOPPED: "Stopped"}


@dataclass(frozen=True)
class Outcome:
    """How a step ended.

    Attributes:
        status: Succeeded, Failed or Stopped.
        branch: the branch that a condition takes, "True" or "False".
        children: the steps of a loop that has begun; None for every other outcome. The loop ends when they have.
        limit: how many of the children may run at a time.
    """

    status: str = SUCCEEDED
    branch: str = ""
    children: tuple[Node, ...] | None = None
    limit: int = 0


@dataclass
class _Loop:
    node: Node
    left: int
    limit: int
    running: int = 0
    parked: list[Node] = field(default_factory=list)


class Scheduler:
    """Runs nodes.

    Args:
        execute: runs one node to its end, in a thread of its own; what it raises ends the whole run.
        close: ends a loop whose children have ended.
        parallelism: how many nodes may run at a time.
        keep_going: after a failure, go on with everything that does not wait for the failed step.

    Attributes:
        unhandled: whether a step has failed whose failure no other step waits for.
    """

    def __init__(
        self,
        execute: Callable[[Node], Outcome],
        close: Callable[[Node], Outcome],
        parallelism: int = 1,
        keep_going: bool = False,
    ) -> None:
        self._execute, self._close = execute, close
        self._parallelism, self._keep_going = max(1, parallelism), keep_going
        self._waiting: dict[str, Node] = {}  # in this order: what has not started
        self._missing: dict[str, int] = {}
        self._waiters: dict[str, list[tuple[Node, frozenset[str]]]] = {}
        self._ready: list[tuple[tuple[int, ...], str]] = []
        self._closing: deque[Node] = deque()
        self._loops: dict[str, _Loop] = {}
        self._rescued: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}
        self._done: SimpleQueue[tuple[Node, Outcome | BaseException]] = SimpleQueue()
        self._halted = False
        self.unhandled = False

    def run(self, nodes: Iterable[Node]) -> None:
        """Runs every node whose turn comes.

        Raises:
            BaseException: what running a node raised, or KeyboardInterrupt; others may still run, see `join`.
        """
        self._add(nodes)
        while self._start():
            node, outcome = self._done.get()
            self._threads.pop(node.name).join()
            if isinstance(outcome, BaseException):
                raise outcome
            self._ended(node, outcome)

    def join(self, seconds: float) -> None:
        """Waits until nothing runs any more, no longer than the given time."""
        end = time.monotonic() + seconds
        for thread in list(self._threads.values()):
            if thread.ident is not None:
                thread.join(max(0.0, end - time.monotonic()))

    def _add(self, nodes: Iterable[Node]) -> None:
        added = {node.name: node for node in nodes}
        self._waiting.update(added)
        for name, node in added.items():
            self._missing[name] = len(node.waits)
            for other, ends in node.waits:
                self._waiters.setdefault(other, []).append((node, ends))
            if not node.waits:
                heapq.heappush(self._ready, (node.order, name))

    def _start(self) -> bool:
        """Starts what may start; whether anything runs."""
        while len(self._threads) < self._parallelism:
            if self._closing:
                node = self._closing.popleft()
                self._thread(node, self._close)
            elif (found := self._next()) is not None:
                self._thread(found, self._execute)
            else:
                break
        return bool(self._threads)

    def _next(self) -> Node | None:
        while self._ready:
            node = self._waiting.get(heapq.heappop(self._ready)[1])
            if node is None:
                continue
            loop = self._loops[node.iteration.parent] if node.iteration else None
            if loop is None or loop.running < loop.limit:
                del self._waiting[node.name]
                if loop is not None:
                    loop.running += 1
                return node
            loop.parked.append(node)
        return None

    def _thread(self, node: Node, work: Callable[[Node], Outcome]) -> None:
        def target() -> None:
            try:
                self._done.put((node, work(node)))
            except BaseException as error:  # raised again by `run`
                self._done.put((node, error))

        # a daemon: one that cannot be stopped must not keep the tool from ending
        thread = self._threads[node.name] = threading.Thread(target=target, name=node.name, daemon=True)
        thread.start()

    def _ended(self, node: Node, outcome: Outcome) -> None:
        if outcome.children is not None:
            self._loops[node.name] = _Loop(node, len(outcome.children), max(1, outcome.limit))
            self._add(outcome.children)
            if self._halted:
                self._drop(outcome.children)
            if not outcome.children:
                self._closing.append(node)
            return
        if node.iteration:
            loop = self._loops[node.iteration.parent]
            loop.running -= 1
            for parked in loop.parked:
                heapq.heappush(self._ready, (parked.order, parked.name))
            loop.parked.clear()
        self._settle(node, outcome)
        self._gone(node)

    def _settle(self, node: Node, outcome: Outcome) -> None:
        results = {ENDS[outcome.status], outcome.branch}
        if outcome.status != SUCCEEDED:
            self._failed(node, outcome)
        for waiter, ends in self._waiters.pop(node.name, ()):
            if not ends & results:
                self._skip(waiter)
                continue
            if outcome.status != SUCCEEDED:
                self._rescued.add(waiter.name)
            self._missing[waiter.name] -= 1
            if self._missing[waiter.name] == 0 and waiter.name in self._waiting:
                if self._halted and waiter.name not in self._rescued:
                    self._drop([waiter])
                else:
                    heapq.heappush(self._ready, (waiter.order, waiter.name))

    def _failed(self, node: Node, outcome: Outcome) -> None:
        owner = node.iteration.parent if node.iteration else node.name
        if any(ENDS[outcome.status] in ends for _, ends in self._waiters.get(owner, ())):
            return
        self.unhandled = True
        if not self._keep_going and not self._halted:
            self._halted = True
            self._drop([other for other in self._waiting.values() if not _rescues(other)])

    def _drop(self, nodes: Iterable[Node]) -> None:
        """These will not start."""
        for node in list(nodes):
            if self._waiting.pop(node.name, None):
                self._gone(node)

    def _skip(self, node: Node) -> None:
        """This one will not start, nor will what waits for it."""
        stack = [node]
        while stack:
            skipped = stack.pop()
            if self._waiting.pop(skipped.name, None):
                stack += [waiter for waiter, _ in self._waiters.pop(skipped.name, ())]
                self._gone(skipped)

    def _gone(self, node: Node) -> None:
        """One child less for its loop to wait for."""
        if node.iteration:
            loop = self._loops[node.iteration.parent]
            loop.left -= 1
            if loop.left == 0:
                self._closing.append(loop.node)


def _rescues(node: Node) -> bool:
    """Whether a step waits for another one to go wrong."""
    return any({"Failed", "Stopped"} & ends for _, ends in node.waits)
