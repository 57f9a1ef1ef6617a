"""The witness: every wire of the circuit, computed by the circuit's own WebAssembly program.

The program is circom 2's (its calculator interface); numbers pass through one 32-byte cell of its memory,
little-endian. A circuit has no need of the outside world, and is given none: its four imports only report
errors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import wasmtime

from openmai.anonymity.errors import AnonymityError, gettext_noop

_ = gettext_noop
_CELL: Final = 32
# Calling the circuit once a wire from Python takes longer than all the rest, so this program does it inside:
# for each wire, getWitness puts it into the cell, and its four words are copied to memory of our own.
_READER: Final = """
(module
  (import "circuit" "getWitness" (func $get_wire (param i32)))
  (import "circuit" "memory" (memory $circuit 1))
  (memory $wires (export "wires") 0)
  (func (export "read") (param $count i32) (param $cell i32)
    (local $wire i32) (local $to i32)
    (drop (memory.grow $wires (i32.add (i32.shr_u (local.get $count) (i32.const 11)) (i32.const 1))))
    (loop $next
      (call $get_wire (local.get $wire))
      (memory.copy $wires $circuit (local.get $to) (local.get $cell) (i32.const 32))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (local.set $wire (i32.add (local.get $wire) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $wire) (local.get $count))))))
"""
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


class NoWitness(AnonymityError):
    """The circuit has no solution for these inputs."""


class Circuit:
    """A compiled circuit. Compiling takes a third of a second, a witness a fifth."""

    def __init__(self, wasm: bytes) -> None:
        self._engine = wasmtime.Engine()
        self._module = wasmtime.Module(self._engine, wasm)
        self._reader = wasmtime.Module(self._engine, _READER)

    def witness(self, inputs: Mapping[str, Sequence[int]]) -> list[int]:
        """All wires, the constant 1 first, then outputs and public inputs; raise `NoWitness` if there is
        none.
        """
        return _Run(self._engine, self._module, inputs).all_wires(self._reader)

    def outputs(self, inputs: Mapping[str, Sequence[int]], count: int) -> list[int]:
        """The first `count` outputs alone, without the cost of reading thousands of wires."""
        run = _Run(self._engine, self._module, inputs)
        return [run.wire(1 + number) for number in range(count)]


class _Run:
    """One instance with its inputs set; used once, so that nothing of a secret outlives it."""

    def __init__(
        self, engine: wasmtime.Engine, module: wasmtime.Module, inputs: Mapping[str, Sequence[int]]
    ) -> None:
        self._store = wasmtime.Store(engine)
        self._complaints: list[str] = []
        linker = wasmtime.Linker(engine)
        for wanted in module.imports:
            linker.define(self._store, wanted.module, wanted.name or "", self._reporter(wanted))
        self._exports = linker.instantiate(self._store, module).exports(self._store)
        self._memory: Any = self._exports["memory"]
        self._call("init")(1)
        self._cell = self._call("getSharedRWMemoryStart")()
        self._set_inputs(inputs)

    def wire(self, number: int) -> int:
        self._call("getWitness")(number)
        return int.from_bytes(self._memory.read(self._store, self._cell, self._cell + _CELL), "little")

    def all_wires(self, reader: wasmtime.Module) -> list[int]:
        needed = [self._exports[wanted.name or ""] for wanted in reader.imports]
        exports = wasmtime.Instance(self._store, reader, needed).exports(self._store)
        count: int = self._call("getWitnessSize")()
        read: Any = exports["read"]
        read(self._store, count, self._cell)
        memory: Any = exports["wires"]
        data = bytes(memory.read(self._store, 0, count * _CELL))
        return [int.from_bytes(data[at : at + _CELL], "little") for at in range(0, len(data), _CELL)]

    def _call(self, name: str) -> Callable[..., Any]:
        function: Any = self._exports[name]
        return lambda *arguments: function(self._store, *arguments)

    def _reporter(self, wanted: wasmtime.ImportType) -> wasmtime.Func:
        assert isinstance(wanted.type, wasmtime.FuncType)  # noqa: S101 # the module's bytes are pinned
        complaints, name = self._complaints, wanted.name or ""
        # The store keeps the function: one that knew this run, and so the store, would keep both for ever.
        return wasmtime.Func(self._store, wanted.type, lambda *_: complaints.append(name))

    def _set_inputs(self, inputs: Mapping[str, Sequence[int]]) -> None:
        # The program computes when the last input is set, and says nothing if one never is.
        if sum(map(len, inputs.values())) != self._call("getInputSize")():
            raise NoWitness(_("the number of inputs is not the circuit's"))
        set_signal = self._call("setInputSignal")
        for name, values in inputs.items():
            high, low = divmod(_fnv1a(name), 1 << 32)
            for position, value in enumerate(values):
                self._memory.write(self._store, value.to_bytes(_CELL, "little"), self._cell)
                set_signal(_signed(high), _signed(low), position)
                if self._complaints:
                    message = _("the circuit has no solution for these inputs (%(complaint)s)")
                    raise NoWitness(message, complaint=self._complaints[0])


def _fnv1a(name: str) -> int:
    """The 64-bit FNV-1a hash by which circom's program names its inputs."""
    value = _FNV_OFFSET
    for byte in name.encode():
        value = (value ^ byte) * _FNV_PRIME % (1 << 64)
    return value


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value
