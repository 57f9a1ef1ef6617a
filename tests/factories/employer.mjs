// An employer's identity provider on this machine: the certified `oidc-provider`, with the accounts that the
// test names. Usage: node employer.mjs '{"port", "clients": [...], "accounts": {login: claims}}'; says "ready".
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { port, clients, accounts } = JSON.parse(process.argv[2]);
const provider = new Provider(`http://localhost:${port}`, {
  clients,
  claims: { openid: ["sub", "hd", "tid"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  findAccount: (_context, id) =>
    Object.hasOwn(accounts, id) ? { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) } : undefined,
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
});
createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log("ready"));
