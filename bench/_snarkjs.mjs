// snarkjs, driven line by line: a JSON request on standard input, its durations in milliseconds on standard
// output: by the clock, and of the processor (all threads).
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as snarkjs from "snarkjs"

const file = (path) => ({ type: "mem", data: new Uint8Array(readFileSync(path)) })
const [key, wasm, zkey] = process.argv.slice(2)
const verificationKey = JSON.parse(readFileSync(key, "utf8"))
const program = file(wasm)
const provingKey = file(zkey)

const oneThread = { singleThread: true }

const actions = {
    prove: ({ inputs }) => snarkjs.groth16.fullProve(inputs, program, provingKey),
    proveAlone: ({ inputs }) => snarkjs.groth16.fullProve(inputs, program, provingKey, undefined, oneThread, oneThread),
    verify: ({ proof, signals }) => snarkjs.groth16.verify(verificationKey, signals, proof)
}

for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    const start = performance.now()
    const before = process.cpuUsage()
    const answer = await actions[request.action](request)
    const { user, system } = process.cpuUsage(before)
    console.log(JSON.stringify({ wall: performance.now() - start, processor: (user + system) / 1e3, answer }))
}
process.exit(0)
