import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface Taken {
  readonly from: string
  readonly to: readonly string[]
  readonly bytes: Buffer
}

/** A mail server for tests, on 127.0.0.1. */
export interface TestSmtp {
  /** host:port */
  readonly at: string
  /** What it took, in order. */
  readonly taken: Taken[]
  /** Connections so far. */
  readonly connections: () => number
  /** Cuts every connection at once, in whatever phase. */
  cut(): void
  close(): Promise<void>
}

/** What happens when the message is whole: `answer` ends it, as the server's answer to DATA. */
export type OnMessage = (answer: (error?: Error) => void, server: TestSmtp) => void

/** A refusal: `550 5.1.1 text`. */
export const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode })

export async function testSmtp(
  options: Pick<SMTPServerOptions, 'onAuth' | 'onMailFrom' | 'onRcptTo' | 'onConnect' | 'authOptional' | 'secure'> & {
    readonly onMessage?: OnMessage
    readonly hasStartTls?: boolean
  } = {},
): Promise<TestSmtp> {
  const { onMessage = (answer) => answer(), hasStartTls = false, ...more } = options
  const sockets = new Set<Socket>()
  const taken: Taken[] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    hideSTARTTLS: !hasStartTls,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    ...more,
    onData(stream, session, answer) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail = {
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((one) => one.address),
          bytes: Buffer.concat(chunks),
        }
        onMessage((error) => {
          if (!error) taken.push(mail)
          answer(error)
        }, it)
      })
    },
  })
  server.on('error', () => {}) // connections are cut on purpose
  server.server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const it: TestSmtp = {
    at: `127.0.0.1:${(server.server.address() as AddressInfo).port}`, // it listens on a port
    taken,
    connections: () => connections,
    cut,
    async close() {
      // The raw socket below TLS is left to the server: to destroy it in the middle of a handshake crashes Node 24.
      if (!hasStartTls && more.secure !== true) cut()
      await new Promise<void>((resolve) => server.close(resolve))
    },
  }
  return it
}

/** A server that says exactly what a script says: `talk` gets each line, `undefined` when somebody connects, and the socket. */
export async function scriptedSmtp(
  talk: (line: string | undefined, socket: Socket) => void,
): Promise<{ readonly at: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let rest = ''
    socket.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) talk(line, socket)
    })
    talk(undefined, socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    at: `127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
