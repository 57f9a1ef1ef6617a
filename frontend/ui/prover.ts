/** The page's side of the worker: loaded when somebody is about to speak, asked by name, answered with promises. */
import type { ErrorCode } from "../proofs/errors.ts";
import type { ClaimName, DeepClaimName, Method, Methods, Progress, Reply, Request } from "../proofs/messages.ts";

declare const __WORKER_URL__: string;

/** What the worker refused, or that it did not start. */
export class ProverError extends Error {
  override readonly name = "ProverError";

  constructor(
    readonly code: ErrorCode | "worker-failed",
    readonly detail = "",
    readonly parameters: Readonly<Record<string, string | number>> = {},
  ) {
    super(code);
  }
}

export interface Listeners {
  readonly progress?: (progress: Progress) => void;
  readonly claim?: (claim: ClaimName | DeepClaimName) => void;
}

interface Waiting extends Listeners {
  readonly resolve: (result: never) => void;
  readonly reject: (error: ProverError) => void;
}

export class Prover {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;

  /** Asks the worker; rejects with a `ProverError`. */
  ask<M extends Method>(method: M, parameters: Methods[M]["parameters"], listeners: Listeners = {}): Promise<Methods[M]["result"]> {
    return new Promise((resolve, reject) => {
      const id = ++this.count;
      this.waiting.set(id, { ...listeners, resolve, reject });
      try {
        this.worker ??= this.start();
        this.worker.postMessage({ id, method, parameters } satisfies Request<M>);
      } catch {
        this.fail();
      }
    });
  }

  /** Ends the worker: what it held in memory is gone. The next request starts a new one. */
  stop(): void {
    this.fail();
  }

  private start(): Worker {
    const worker = new Worker(__WORKER_URL__);
    worker.onmessage = (event: MessageEvent<Reply>) => this.receive(event.data);
    worker.onerror = () => this.fail();
    worker.onmessageerror = () => this.fail();
    return worker;
  }

  /** The worker did not load or fell over: everybody who waits is told, and the next request starts a new one. */
  private fail(): void {
    this.worker?.terminate();
    this.worker = null;
    for (const { reject } of this.waiting.values()) reject(new ProverError("worker-failed"));
    this.waiting.clear();
  }

  private receive(reply: Reply): void {
    const waiting = this.waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === "progress") return waiting.progress?.(reply.progress);
    if (reply.kind === "claim") return waiting.claim?.(reply.claim);
    this.waiting.delete(reply.id);
    if (reply.kind === "result") waiting.resolve(reply.result as never);
    else waiting.reject(new ProverError(reply.code, reply.detail, reply.parameters));
  }
}

/** One worker for the page. */
export const prover = new Prover();
