"""Ids in addresses: exactly 64 lowercase hexadecimal digits, so that each post has one address."""


class DigestConverter:
    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> bytes:
        return bytes.fromhex(value)

    def to_url(self, value: bytes | str) -> str:
        return value if isinstance(value, str) else bytes(value).hex()
