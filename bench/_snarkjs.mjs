// snarkjs, driven line by line: a JSON request on standard input, its duration in milliseconds on standard output.
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as snarkjs from "snarkjs"

const file = (path) => ({ type: "mem", data: new Uint8Array(readFileSync(path)) })
const [key, wasm, zkey] = process.argv.slice(2)
const verificationKey = JSON.parse(readFileSync(key, "utf8"))
const program = file(wasm)
const provingKey = file(zkey)

const actions = {
    prove: ({ inputs }) => snarkjs.groth16.fullProve(inputs, program, provingKey),
    verify: ({ proof, signals }) => snarkjs.groth16.verify(verificationKey, signals, proof)
}

for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    const start = performance.now()
    const answer = await actions[request.action](request)
    const duration = performance.now() - start
    console.log(JSON.stringify({ duration, answer }))
}
process.exit(0)
