// A real PDS and the AppView behind it, which answers searches, feeds and profiles. Needs PostgreSQL and Redis, named
// by DB_POSTGRES_URL and REDIS_HOST. Each line of standard input is answered once everything written is indexed.
import { createInterface } from 'node:readline'
import { TestNetwork } from '@atproto/dev-env'

const network = await TestNetwork.create({ dbPostgresSchema: 'listener' })
console.log(JSON.stringify({ pds: `http://127.0.0.1:${network.pds.port}`, appview: network.bsky.url }))
const lines = createInterface({ input: process.stdin })
lines.on('line', async () => {
  await network.processAll()
  console.log(JSON.stringify({ indexed: true }))
})
lines.on('close', async () => {
  await network.close()
  process.exit(0)
})
