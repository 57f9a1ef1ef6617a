/** Where the secret lives: sealed in this device's database, opened in the worker only, one per site and season. */
import type { Database } from "../device/database.ts";
import { seal, unseal, type SealedBox } from "../device/sealed.ts";
import { openBackup, openPasskeyBackup, readCode, sealBackup, sealPasskeyBackup, showCode, type Backup, type PasskeyOutput } from "./backup.ts";
import { ProofError } from "./errors.ts";
import { commitmentOf, newSecret, type RandomSource } from "./identity.ts";
import type { IdentityFacts, NewBackup, SiteFacts } from "./messages.ts";
import type { Poseidon } from "./poseidon.ts";

export interface StoredSecret {
  readonly season: string;
  readonly commitment: string;
  readonly box: SealedBox;
  /** The backup file, sealed under a recovery code that is stored nowhere. */
  readonly backup: string;
  readonly backedUp: boolean;
}

/** Throws if a key of this season is not to be kept. */
type SeasonCheck = (season: string) => void;
const anySeason: SeasonCheck = () => undefined;

const place = (facts: { site: string; season: string }): string => `${facts.site}/${facts.season}`;

const shown = ({ season, commitment, backedUp }: StoredSecret): IdentityFacts => ({ season, commitment, backedUp });

export class Vault {
  constructor(
    private readonly database: Database,
    private readonly poseidon: Poseidon,
    private readonly random: RandomSource,
  ) {}

  private async stored(facts: SiteFacts): Promise<StoredSecret> {
    const stored = await this.database.get<StoredSecret>("secrets", place(facts));
    if (stored === undefined) throw new ProofError("no-identity", "", { season: facts.season });
    return stored;
  }

  /** Of these seasons, those of which this device holds the secret. */
  async seasonsHeld(site: string, seasons: readonly string[]): Promise<string[]> {
    const held = await Promise.all(seasons.map((season) => this.database.get<StoredSecret>("secrets", place({ site, season }))));
    return seasons.filter((_season, i) => held[i] !== undefined);
  }

  async identity(facts: SiteFacts): Promise<IdentityFacts | null> {
    const stored = await this.database.get<StoredSecret>("secrets", place(facts));
    return stored === undefined ? null : shown(stored);
  }

  /** The secret of this season; stays in the worker. Throws `no-identity`. */
  async secret(facts: SiteFacts): Promise<bigint> {
    const { box } = await this.stored(facts);
    return BigInt(await unseal<string>(this.database, "secrets", place(facts), box));
  }

  /** Makes and stores a new secret. Throws `identity-exists`: a second one would not be in any roster. */
  async create(facts: SiteFacts): Promise<NewBackup> {
    return this.keep(facts, newSecret(this.random));
  }

  private async keep(facts: SiteFacts, secret: bigint): Promise<NewBackup> {
    const { site, season } = facts;
    const code = this.random(new Uint8Array(16));
    const file = sealBackup({ site, season, secret }, code, this.random);
    const commitment = commitmentOf(this.poseidon, secret).toString();
    const box = await seal(this.database, "secrets", place(facts), secret.toString());
    const made: StoredSecret = { season, commitment, box, backup: file, backedUp: false };
    const kept = await this.database.change<StoredSecret>("secrets", place(facts), (old) => old ?? made);
    if (kept!.commitment !== commitment) throw new ProofError("identity-exists", "", { season });
    return { ...shown(made), code: showCode(code), file };
  }

  /** The backup file as it was sealed; it opens with the code that was shown then. */
  async backup(facts: SiteFacts): Promise<string> {
    return (await this.stored(facts)).backup;
  }

  /** Seals the backup anew under a new code; files saved earlier keep opening with their own. */
  async renewCode(facts: SiteFacts): Promise<NewBackup> {
    const { site, season } = facts;
    const secret = await this.secret(facts);
    const code = this.random(new Uint8Array(16));
    const file = sealBackup({ site, season, secret }, code, this.random);
    const renewed = await this.database.change<StoredSecret>("secrets", place(facts), (old) => old && { ...old, backup: file, backedUp: false });
    return { ...shown(renewed!), code: showCode(code), file };
  }

  async confirmBackup(facts: SiteFacts): Promise<IdentityFacts> {
    await this.stored(facts);
    return shown((await this.database.change<StoredSecret>("secrets", place(facts), (old) => old && { ...old, backedUp: true }))!);
  }

  /** Restores from a backup file. Throws `bad-backup`, `wrong-recovery-code`, or `identity-exists` for another secret. */
  async restore(facts: SiteFacts, file: string, code: string, check: SeasonCheck = anySeason): Promise<IdentityFacts> {
    return this.bringBack(facts, openBackup(file, readCode(code)), file, check);
  }

  /** The same from a file that was sealed under a passkey. */
  async restoreByPasskey(facts: SiteFacts, file: string, prf: Uint8Array, check: SeasonCheck = anySeason): Promise<IdentityFacts> {
    const backup = openPasskeyBackup(file, prf);
    return this.bringBack(facts, backup, this.freshFile(backup), check);
  }

  /** The secret sealed under a passkey, as a file to be saved elsewhere. */
  async passkeyBackup(facts: SiteFacts, output: PasskeyOutput): Promise<string> {
    const { site, season } = facts;
    return sealPasskeyBackup({ site, season, secret: await this.secret(facts) }, output, this.random);
  }

  /** Keeps a secret that came from another device of the member's. */
  async receive(facts: SiteFacts, season: string, secret: bigint): Promise<IdentityFacts> {
    const backup = { site: facts.site, season, secret };
    return this.bringBack(facts, backup, this.freshFile(backup), anySeason, false);
  }

  /** Throws `identity-exists` if this device holds another secret of that season. */
  async refuseOther(facts: SiteFacts, season: string, secret: bigint): Promise<void> {
    const stored = await this.database.get<StoredSecret>("secrets", place({ site: facts.site, season }));
    if (stored !== undefined && stored.commitment !== commitmentOf(this.poseidon, secret).toString()) throw new ProofError("identity-exists", "", { season });
  }

  /** A file under a code that nobody has seen: the member asks for a new code before it is of use. */
  private freshFile(backup: Backup): string {
    return sealBackup(backup, this.random(new Uint8Array(16)), this.random);
  }

  private async bringBack(facts: SiteFacts, { site, season, secret }: Backup, file: string, check: SeasonCheck, backedUp = true): Promise<IdentityFacts> {
    if (site !== facts.site) throw new ProofError("bad-backup", "another site", { site });
    check(season);
    const where = { site, season };
    const commitment = commitmentOf(this.poseidon, secret).toString();
    const box = await seal(this.database, "secrets", place(where), secret.toString());
    const made: StoredSecret = { season, commitment, box, backup: file, backedUp };
    const kept = await this.database.change<StoredSecret>("secrets", place(where), (old) => (old && old.commitment !== commitment ? old : made));
    if (kept!.commitment !== commitment) throw new ProofError("identity-exists", "", { season });
    return shown(made);
  }

  async forget(facts: SiteFacts): Promise<null> {
    await this.database.delete("secrets", place(facts));
    return null;
  }
}
