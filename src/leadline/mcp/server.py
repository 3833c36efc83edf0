"""The Model Context Protocol on standard input and output: a line, a message.

Written out here and not taken from the SDK, because the start is what an agent waits for: importing
``mcp`` 2.3 alone costs more than 600 ms, and this server answers in a tenth of it. What it says is
held to the SDK's own client by tests.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable

from leadline import __version__
from leadline.core.errors import LeadlineError, internal
from leadline.core.typed import Any
from leadline.mcp import tools
from leadline.mcp.calls import Call
from leadline.mcp.texts import INSTRUCTIONS, PROMPTS, RESOURCES, TEMPLATES, prompt, words_of
from leadline.services.agent.programs import PROGRAMS

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
AT_ONCE = 8  # calls; more wait
LAST_ANSWER_S = 30
PARSE, INVALID, NO_METHOD, BAD_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
NO_RESOURCE = -32002
_AGENTS = tuple(program.agent for program in PROGRAMS.values())


class ProtocolError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Server:
    def __init__(
        self,
        folder: str,
        read_only: bool,
        send: Callable[[dict[str, Any]], None],
        within_s: float,
    ) -> None:
        self.folder, self.read_only, self._send = folder, read_only, send
        self._within_s = within_s
        self._environ = dict(os.environ)
        self._calls: dict[str, Call] = {}
        self._works: dict[str, threading.Thread] = {}
        self._cancelled: set[str] = set()
        self._lock, self._room = threading.Lock(), threading.Semaphore(AT_ONCE)
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "initialize": self._initialize,
            "ping": lambda params: {},
            "tools/list": lambda params: {"tools": tools.listed(read_only)},
            "resources/list": lambda params: {"resources": RESOURCES},
            "resources/templates/list": lambda params: {"resourceTemplates": TEMPLATES},
            "prompts/list": lambda params: {"prompts": PROMPTS},
            "prompts/get": _prompt,
        }
        self._slow = {"tools/call": self._tool, "resources/read": self._resource}

    def take(self, line: str) -> None:
        """One line of the client; answers now, or from a thread of its own."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(None, ProtocolError(PARSE, "not JSON"))
            return
        if not isinstance(message, dict):
            self._fail(None, ProtocolError(INVALID, "not a message"))
            return
        method, uid = message.get("method"), message.get("id")
        params = message.get("params")
        if not isinstance(method, str):
            if "result" not in message and "error" not in message:
                self._fail(uid, ProtocolError(INVALID, "no method"))
            return
        if "id" not in message:
            self._noticed(method, params if isinstance(params, dict) else {})
            return
        if params is not None and not isinstance(params, dict):
            self._fail(uid, ProtocolError(BAD_PARAMS, "params are no object"))
        elif method in self._slow:
            given = (uid, method, params or {})
            work = threading.Thread(target=self._work, args=given, daemon=True)
            self._works[json.dumps(uid)] = work
            work.start()
        elif method in self._answers:
            self._reply(uid, self._answers[method], params or {})
        else:
            self._fail(uid, ProtocolError(NO_METHOD, f"no method {method}"))

    def end(self) -> None:
        """The client is gone, which is no word to end a run: what it began goes on, and is recorded.
        All other calls are answered, as far as somebody still reads."""
        with self._lock:
            works, calls = dict(self._works), dict(self._calls)
        for key, work in works.items():
            call = calls.get(key)
            if call is None or not call.goes_on_alone():
                work.join(timeout=LAST_ANSWER_S)

    # -- answers -----------------------------------------------------------------------------------
    def _reply(
        self, uid: Any, answer: Callable[[dict[str, Any]], dict[str, Any]], params: dict[str, Any]
    ) -> None:
        try:
            result = answer(params)
        except ProtocolError as error:
            self._fail(uid, error)
        except Exception as error:
            self._fail(uid, ProtocolError(INTERNAL, f"{type(error).__name__}: {error}"))
        else:
            if json.dumps(uid) not in self._cancelled:  # who cancelled expects no answer
                self._send({"jsonrpc": "2.0", "id": uid, "result": result})

    def _fail(self, uid: Any, error: ProtocolError) -> None:
        said = {"code": error.code, "message": error.message}
        self._send({"jsonrpc": "2.0", "id": uid, "error": said})

    def _noticed(self, method: str, params: dict[str, Any]) -> None:
        if method == "notifications/cancelled":
            key = json.dumps(params.get("requestId"))
            with self._lock:
                self._cancelled.add(key)
                call = self._calls.get(key)
            if call is not None:
                call.cancel()

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        asked = params.get("protocolVersion")
        client = params.get("clientInfo")
        name = str(client.get("name", "")) if isinstance(client, dict) else ""
        agent = next(
            (known for known in _AGENTS if name.startswith(known.partition("-cli")[0])), name
        )
        if agent:
            self._environ["LEADLINE_AGENT"] = "".join(
                c for c in agent if c.isalnum() or c in "-_."
            )[:40]
            self._environ["LEADLINE_AGENT_PROCESS"] = str(os.getppid())
        return {
            "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
            "serverInfo": {"name": "leadline", "version": __version__},
            "instructions": INSTRUCTIONS,
        }

    # -- calls -------------------------------------------------------------------------------------
    def _work(self, uid: Any, method: str, params: dict[str, Any]) -> None:
        with self._room:
            key = json.dumps(uid)
            self._reply(uid, lambda given: self._slow[method](given, key), params)
            with self._lock:
                self._calls.pop(key, None)
                self._works.pop(key, None)
                self._cancelled.discard(key)

    def _answer(
        self, words: list[str], key: str, progress: Callable[[str], None]
    ) -> dict[str, Any]:
        call = Call(words, self.folder, self._environ, progress, self._within_s)
        with self._lock:
            self._calls[key] = call
            late = key in self._cancelled
        if late:
            call.cancel()
        return call.answer()

    def _tool(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        given = params.get("arguments") or {}
        if not isinstance(given, dict):
            raise ProtocolError(BAD_PARAMS, "arguments are no object")
        try:
            words = tools.command_line(str(params.get("name")), given, self.read_only)
            envelope = self._answer(words, key, self._progress(params))
        except LeadlineError as error:
            envelope = {"ok": False, "error": error.as_dict(), "next": error.next}
        except OSError as error:
            failed = internal(
                "not-started", f"the verb could not be started: {error}", do="leadline doctor"
            )
            envelope = {"ok": False, "error": failed.as_dict(), "next": failed.next}
        data = envelope.get("data")
        text = data.get("text") if isinstance(data, dict) and envelope.get("ok") else None
        shown = text if isinstance(text, str) else json.dumps(envelope, ensure_ascii=False)
        return {
            "content": [{"type": "text", "text": shown}],
            "structuredContent": envelope,
            "isError": "error" in envelope,
        }

    def _progress(self, params: dict[str, Any]) -> Callable[[str], None]:
        meta = params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None
        count = 0

        def told(line: str) -> None:
            nonlocal count
            count += 1
            said = {"progressToken": token, "progress": count, "message": line}
            self._send({"jsonrpc": "2.0", "method": "notifications/progress", "params": said})

        return told if token is not None else lambda line: None

    def _resource(self, params: dict[str, Any], key: str) -> dict[str, Any]:
        uri = str(params.get("uri"))
        words = words_of(uri)
        if words is None:
            raise ProtocolError(NO_RESOURCE, f"no resource {uri}")
        envelope = self._answer(words, key, lambda line: None)
        data = envelope.get("data")
        if "error" in envelope:
            raise ProtocolError(NO_RESOURCE, str(envelope["error"].get("what")))
        text = data.get("text") if isinstance(data, dict) else None
        kind = "text/plain" if isinstance(text, str) else "application/json"
        shown = text if isinstance(text, str) else json.dumps(data, ensure_ascii=False)
        return {"contents": [{"uri": uri, "mimeType": kind, "text": shown}]}


def _prompt(params: dict[str, Any]) -> dict[str, Any]:
    given = params.get("arguments")
    told = prompt(str(params.get("name")), given if isinstance(given, dict) else {})
    if told is None:
        raise ProtocolError(BAD_PARAMS, f"no prompt {params.get('name')}")
    return {"messages": [{"role": "user", "content": {"type": "text", "text": told}}]}


def serve(folder: str, read_only: bool, within_s: float) -> None:
    """Answers until the client closes the stream. Nothing else may write to standard output."""
    out, writing = sys.stdout.buffer, threading.Lock()

    def send(message: dict[str, Any]) -> None:
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with writing:
            try:
                out.write(data)
                out.flush()
            except (OSError, ValueError):
                return  # the client is gone: the end of the stream says so

    server = Server(folder, read_only, send, within_s)
    try:
        for raw in sys.stdin.buffer:
            if line := raw.decode("utf-8", "replace").strip():
                server.take(line)
    except KeyboardInterrupt:
        pass
    server.end()
