"""The operator's side of the gate on the command line: the set-up, its check by snarkjs, and wrong uses."""

import json
import secrets
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND
from tests.factories.cast import ROOT
from tests.factories.gate import SNARKJS, made_gate

from openmai.anonymity.gate import PUBLIC_INPUTS
from openmai.talk import gate_setup
from openmai.talk.gate_files import VERIFICATION_KEY, GateMissing, gate_files


def openmai(environment: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, command)], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_site_without_a_gate_does_not_start_and_says_what_to_do(
    talk_environment: dict[str, str], tmp_path: Path
):
    done = openmai(talk_environment | {"OPENMAI_GATE_DIR": str(tmp_path)}, "serve", "talk")
    assert done.returncode == 2
    assert "run `openmai gate setup` once" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_set_up_is_not_made_twice(talk_environment: dict[str, str]):
    done = openmai(talk_environment, "gate", "setup")
    assert (done.returncode, "holds a set-up already" in done.stderr) == (1, True), done.stderr


def test_a_changed_circuit_is_not_set_up(talk_environment: dict[str, str], tmp_path: Path):
    (tmp_path / "gate.r1cs").write_bytes(b"r1cs")
    environment = talk_environment | {"OPENMAI_GATE_DIR": str(tmp_path / "gate")}
    done = openmai(environment, "gate", "setup", "--circuit", tmp_path / "gate.r1cs")
    assert (done.returncode, "has SHA-256" in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "gate").exists()


def test_the_tests_own_set_up_is_what_snarkjs_says_it_is(talk_environment: dict[str, str]):
    done = openmai(talk_environment, "gate", "verify")
    assert (done.returncode, "ZKey Ok!" in done.stdout) == (0, True), done.stderr


# As many public wires as the gate has, and little else.
POWERS = """
pragma circom 2.2.0;
template Powers(n) {
    signal input root;
    signal output power[n];
    power[0] <== root * root;
    for (var i = 1; i < n; i++) power[i] <== power[i - 1] * root;
}
component main = Powers(%d);
"""


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small circuit with a set-up beside it, for which snarkjs needs a second and not a minute."""
    folder = tmp_path_factory.mktemp("powers")
    (folder / "powers.circom").write_text(POWERS % PUBLIC_INPUTS)
    command = ["node", ROOT / "node_modules" / "circom2" / "cli.js", "powers.circom", "--r1cs"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    circuit = folder / "powers.r1cs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_setup, "check_gate_circuit", lambda _kind, data: data)
        patch.setattr(gate_setup, "POWER", 8)
        gate_setup.setup_gate(
            folder / "gate",
            circuit=circuit,
            snarkjs=SNARKJS,
            randbelow=secrets.randbelow,
            say=lambda _: None,
        )
        gate_setup.verify_gate_setup(folder / "gate", circuit=circuit, snarkjs=SNARKJS)
        yield circuit


@pytest.fixture
def altered(circuit: Path, tmp_path: Path) -> Path:
    """A copy of the set-up, to be altered."""
    return Path(shutil.copytree(circuit.with_name("gate"), tmp_path / "gate"))


def test_a_proving_key_of_another_set_up_is_found(altered: Path, circuit: Path):
    [proving_key] = (altered / "public").glob("gate.*.zkey")
    data = bytearray(proving_key.read_bytes())
    # Points of one query are exchanged: each is on the curve, and the key is another.
    sections, at = {}, 12
    while at < len(data):
        kind, size = struct.unpack_from("<IQ", data, at)
        sections[kind], at = at + 12, at + 12 + size
    points = sections[5]
    data[points : points + 128] = data[points + 64 : points + 128] + data[points : points + 64]
    assert bytes(data) != proving_key.read_bytes()
    proving_key.write_bytes(bytes(data))
    with pytest.raises(gate_setup.NotVerified):
        gate_setup.verify_gate_setup(altered, circuit=circuit, snarkjs=SNARKJS)


def test_a_verification_key_of_another_set_up_is_found(altered: Path, circuit: Path):
    document = json.loads((altered / VERIFICATION_KEY).read_bytes())
    document["vk_delta_2"] = document["vk_gamma_2"]
    (altered / VERIFICATION_KEY).write_text(json.dumps(document))
    with pytest.raises(gate_setup.NotVerified, match="not that of the proving key"):
        gate_setup.verify_gate_setup(altered, circuit=circuit, snarkjs=SNARKJS)


def test_half_a_set_up_is_none(tmp_path: Path):
    shutil.copytree(made_gate().folder / "public", tmp_path / "public")
    with pytest.raises(GateMissing):
        gate_files(tmp_path)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("add", "nonsense", "--reason", "spam", "--until", "30d"), "neither a link nor the id"),
        (("add", "ab" * 32, "--reason", "spam", "--until", "soon"), "neither a day nor a span"),
    ],
)
def test_what_is_no_post_and_no_end_is_a_wrong_use(
    talk_environment: dict[str, str], command: tuple[str, ...], words: str
):
    done = openmai(talk_environment, "ban", *command)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_a_number_of_requests_for_data_is_none_below_0(talk_environment: dict[str, str]):
    done = openmai(talk_environment, "disclosures", "--", "-1")
    assert (done.returncode, "greater than or equal to 0" in done.stderr) == (2, True), done.stderr
