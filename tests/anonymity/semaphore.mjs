// Runs the official library on one JSON document from standard input; answers one JSON document.
import { readFileSync } from "node:fs"
import { Group, Identity, generateProof, verifyProof } from "@semaphore-protocol/core"

const { proofs, groups, artifacts, speak } = JSON.parse(readFileSync(0, "utf8"))

const roots = groups.map((steps) => {
    const group = new Group()
    return steps.map(([verb, ...values]) => {
        if (verb === "add") group.addMembers(values.map(BigInt))
        if (verb === "update") group.updateMember(Number(values[0]), BigInt(values[1]))
        if (verb === "remove") group.removeMember(Number(values[0]))
        return group.root.toString()
    })
})

const verdicts = []
for (const proof of proofs) verdicts.push(await verifyProof(proof))

const identity = new Identity("Alice of the official library")
const group = new Group([...speak.others.map(BigInt), identity.commitment])
const proof = await generateProof(identity, group, BigInt(speak.message), BigInt(speak.scope), 20, artifacts)

console.log(
    JSON.stringify({
        roots,
        verdicts,
        secret: identity.secretScalar.toString(),
        commitment: identity.commitment.toString(),
        proof
    })
)
process.exit(0)
