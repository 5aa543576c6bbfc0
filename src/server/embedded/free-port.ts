import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'

/** Ports of 127.0.0.1 that are free now, all different: each wanted one if it is free, else any (0: any). */
export async function freePorts(wanted: readonly number[]): Promise<number[]> {
  const held: Server[] = []
  try {
    // Held until all are chosen: a port let go at once could be given out a second time.
    for (const port of wanted) held.push(await hold(port))
    return held.map((server) => (server.address() as AddressInfo).port) // a TCP server's address
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** The wanted port when it is free, else any free one. */
export async function freePort(wanted = 0): Promise<number> {
  const [port = 0] = await freePorts([wanted])
  return port
}

async function hold(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (port === 0) throw error
    return hold(0)
  }
}
