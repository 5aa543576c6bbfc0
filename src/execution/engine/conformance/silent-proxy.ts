import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** Stands before a server, and lets single connections fall silent: nobody is told, and nothing of them goes on. */
export class SilentProxy {
  /** How many connections were made. */
  made = 0
  /** Connections from now on are accepted and answered nothing. */
  isDeaf = false
  /** When it answers true of what a client sends, its connection falls silent, and the bytes go nowhere. */
  silences: ((sent: Buffer) => boolean) | undefined
  readonly #server = createServer((client) => this.#accept(client))
  readonly #sockets = new Set<Socket>()
  readonly #to: { readonly host: string; readonly port: number }

  constructor(to: { readonly host: string; readonly port: number }) {
    this.#to = to
  }

  /** Answers the URL with this proxy's port in it. */
  static async before(text: string): Promise<{ readonly url: string; readonly proxy: SilentProxy }> {
    const url = new URL(text)
    const proxy = new SilentProxy({ host: url.hostname, port: Number(url.port) })
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    url.hostname = '127.0.0.1'
    url.port = String((proxy.#server.address() as AddressInfo).port) // listening on TCP
    return { url: url.href.replace(/\/$/, ''), proxy }
  }

  #accept(client: Socket): void {
    this.made++
    this.#keep(client)
    if (this.isDeaf) return
    const server = connect(this.#to)
    this.#keep(server)
    let isSilent = false
    client.on('data', (sent) => {
      isSilent ||= this.silences?.(sent) ?? false
      if (!isSilent) server.write(sent)
    })
    server.on('data', (answer) => {
      if (!isSilent) client.write(answer)
    })
    client.once('close', () => server.destroy())
    server.once('close', () => {
      if (!isSilent) client.destroy()
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
