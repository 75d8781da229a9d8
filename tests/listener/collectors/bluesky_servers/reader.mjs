// Reads a Jetstream with a client library that others wrote, and writes each event as a line of JSON.
import { Jetstream } from '@skyware/jetstream'

const [endpoint, cursor] = process.argv.slice(2)
const jetstream = new Jetstream({
  endpoint,
  wantedCollections: ['app.bsky.feed.post'],
  ...(cursor ? { cursor: Number(cursor) } : {}),
})
const say = (heard, event) => console.log(JSON.stringify({ heard, ...event }))
jetstream.onCreate('app.bsky.feed.post', (event) => say('create', event))
jetstream.onUpdate('app.bsky.feed.post', (event) => say('update', event))
jetstream.onDelete('app.bsky.feed.post', (event) => say('delete', event))
jetstream.on('account', (event) => say('account', event))
jetstream.on('identity', (event) => say('identity', event))
jetstream.on('error', (error) => {
  console.error(String(error))
  process.exit(1)
})
jetstream.start()
process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
