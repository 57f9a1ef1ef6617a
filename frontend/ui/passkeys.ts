/**
 * A passkey in the place of a recovery code, where the browser has the PRF extension of WebAuthn: the passkey makes 32 bytes of
 * a salt that no other passkey makes, and the backup file is sealed under them. No server takes part: the challenge is ours.
 */
import type { PasskeyOutput } from "../proofs/backup.ts";
import { ProofError } from "../proofs/errors.ts";

const random = (size: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(size));

/** ES256, EdDSA, RS256: what authenticators know. The signature is never looked at. */
const ALGORITHMS = [-7, -8, -257].map((alg) => ({ type: "public-key", alg }) as const);

interface Capable {
  getClientCapabilities?(): Promise<Readonly<Record<string, boolean>>>;
}

/** An IP address, which cannot have passkeys (WebAuthn, section 5.1.3: the effective domain must be a domain). */
const ADDRESS = /^\[|^\d+(\.\d+){3}$/;

/** False only where it is certain that this browser cannot, or not on this site: older ones do not tell. */
export async function passkeysOffered(): Promise<boolean> {
  if (ADDRESS.test(location.hostname)) return false;
  if (typeof PublicKeyCredential === "undefined" || navigator.credentials === undefined) return false;
  const capabilities = await (PublicKeyCredential as unknown as Capable).getClientCapabilities?.().catch(() => ({}));
  return (capabilities as Readonly<Record<string, boolean>> | undefined)?.["extension:prf"] !== false;
}

/** Whatever the browser says, the member has turned away, or there is no such passkey here. */
async function asked(request: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  const credential = await request().catch(() => null);
  if (!(credential instanceof PublicKeyCredential)) throw new ProofError("no-passkey", "none");
  return credential;
}

/** Makes a passkey, which the password manager shows under `name`, and asks it about a fresh salt. */
export async function makePasskey(name: string): Promise<PasskeyOutput> {
  const publicKey: PublicKeyCredentialCreationOptions = {
    challenge: random(32),
    rp: { name },
    user: { id: random(16), name, displayName: name },
    pubKeyCredParams: ALGORITHMS,
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    attestation: "none",
    extensions: { prf: {} },
  };
  const made = await asked(() => navigator.credentials.create({ publicKey }));
  if (made.getClientExtensionResults().prf?.enabled !== true) throw new ProofError("no-passkey", "prf");
  const [credential, salt] = [new Uint8Array(made.rawId), random(32)];
  return { credential, salt, prf: await askPasskey({ credential, salt }) };
}

/** What the passkey makes of the salt. Throws `no-passkey`. */
export async function askPasskey({ credential, salt }: Omit<PasskeyOutput, "prf">): Promise<Uint8Array> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    challenge: random(32),
    allowCredentials: [{ type: "public-key", id: credential }],
    userVerification: "required",
    extensions: { prf: { eval: { first: salt } } },
  };
  const found = await asked(() => navigator.credentials.get({ publicKey }));
  const output = found.getClientExtensionResults().prf?.results?.first;
  if (!(output instanceof ArrayBuffer) || output.byteLength !== 32) throw new ProofError("no-passkey", "prf");
  return new Uint8Array(output);
}
