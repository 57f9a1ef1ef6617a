pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/comparators.circom";
include "circomlib/circuits/poseidon.circom";

// The gate: "whoever holds the secret behind threadNullifier is the author of none of N banned posts, and uses one of
// today's K slots" (docs/protocol.md). It stands beside a Semaphore proof, which says that the secret is a member's.
//
// What is not constrained here, and why that is enough:
// - `secret` has no range of its own. Semaphore's circuit shows knowledge of some s, reduced below the order of the
//   curve, with Poseidon(threadScope, s) = threadNullifier. The verifier demands the same threadNullifier here, so
//   another secret would be a collision of Poseidon.
// - The scopes are public, and the verifier computes them itself: hashes of 248 bits, which nobody chooses. So no ban
//   scope can be made equal to the inner hash of a rate nullifier, nor to 0.
// - A pair that is not used is (0, 0). Poseidon(0, secret) = 0 is a preimage that nobody knows, so it bans nobody.
template Gate(N) {
    signal input secret;
    signal input slot;              // which of the K slots is used stays private
    signal input threadScope;
    signal input rateScope;
    signal input slots;             // K
    signal input message;
    signal input banScope[N];
    signal input banNullifier[N];
    signal output threadNullifier;
    signal output rateNullifier;

    // The persona in this thread: the value that the Semaphore proof shows as well.
    threadNullifier <== Poseidon(2)([threadScope, secret]);

    // slot < slots as integers. LessThan(8) is only right for numbers of 8 bits: without the two range checks a slot
    // of r − 1 would pass as "−1 < K", and each member would have as many slots as the field has elements.
    _ <== Num2Bits(8)(slot);
    _ <== Num2Bits(8)(slots);
    signal isFree <== LessThan(8)([slot, slots]);
    isFree === 1;

    // One value for each member, day and slot. The inner hash is public to whoever tries the K slots, the secret is not.
    signal daySlot <== Poseidon(2)([rateScope, slot]);
    rateNullifier <== Poseidon(2)([daySlot, secret]);

    // None of the differences is 0 exactly if their product has an inverse. `inverse` is the only hint: whatever the
    // prover writes there, no value of it makes inverse · 0 equal to 1.
    signal nullifier[N];
    signal product[N + 1];
    product[0] <== 1;
    for (var i = 0; i < N; i++) {
        nullifier[i] <== Poseidon(2)([banScope[i], secret]);
        product[i + 1] <== product[i] * (nullifier[i] - banNullifier[i]);
    }
    signal inverse <-- 1 / product[N];
    inverse * product[N] === 1;

    // Binds the message. An input in no constraint has a term of its own in the verification key only because today's
    // set-ups add one; without it a proof would hold for every message.
    signal messageSquared <== message * message;
}

component main {public [threadScope, rateScope, slots, message, banScope, banNullifier]} = Gate(30);
