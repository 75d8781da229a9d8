// Starts a real PDS and a PLC directory on loopback, says where they are, and ends when its standard input does.
import { TestNetworkNoAppView } from '@atproto/dev-env'

const network = await TestNetworkNoAppView.create({ pds: {}, plc: {} })
console.log(JSON.stringify({ pds: `http://127.0.0.1:${network.pds.port}`, plc: network.plc.url }))
process.stdin.on('end', async () => {
  await network.close()
  process.exit(0)
})
process.stdin.resume()
