import { isIP } from 'node:net'
import { MillraceError } from '../core/errors/millrace-error.ts'

/** `from-the-start`: TLS before the first byte; `required`: STARTTLS, or nothing is sent; `never`: in the clear. */
type SmtpTls = 'from-the-start' | 'required' | 'never'

/**
 * Where mail is handed over: `smtp://user:password@host:port`, or `smtps://` for TLS from the start. `smtp` asks for STARTTLS, except on this
 * machine itself or with `?tls=never`. The login stands in a private field: no log, error or JSON of this object shows it.
 */
export class SmtpServerUrl {
  readonly host: string
  readonly port: number
  readonly tls: SmtpTls
  readonly #login: { readonly user: string; readonly pass: string } | undefined

  /** Errors: `intake/bad-smtp-url`, which shows nothing of the URL. */
  constructor(text: string) {
    const url = parse(text)
    const isSecure = url.protocol === 'smtps:'
    this.host = hostOf(url)
    this.port = url.port === '' ? (isSecure ? 465 : 587) : Number(url.port)
    if (this.port === 0) throw bad('its port is 0')
    this.tls = tlsOf(url, this.host)
    this.#login = loginOf(url)
  }

  /** For people: host and port, nothing else. */
  get at(): string {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }

  login(): { readonly user: string; readonly pass: string } | undefined {
    return this.#login
  }
}

const form = 'smtp://user:password@host:port'

function parse(text: string): URL {
  // Node's own error carries the input: the password would stand in every log of it, so it is no cause here.
  if (!URL.canParse(text)) throw bad(`it is no URL of the form ${form}`)
  const url = new URL(text)
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw bad('it does not begin with smtp:// or smtps://')
  if (!/^\/?$/.test(url.pathname) || url.hash !== '')
    throw bad(`there is more in it than ${form}: most likely a character of the password must be percent-encoded`)
  return url
}

function hostOf(url: URL): string {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  const isName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host)
  if (!isName && isIP(host) === 0) throw bad('its host is neither a name nor an address')
  return host
}

function tlsOf(url: URL, host: string): SmtpTls {
  const asked = url.searchParams.get('tls')
  if ([...url.searchParams.keys()].some((name) => name !== 'tls')) throw bad('it has a parameter other than tls')
  if (asked !== null && asked !== 'required' && asked !== 'never') throw bad('tls is neither required nor never')
  if (url.protocol === 'smtps:') {
    if (asked === 'never') throw bad('smtps is TLS, and tls=never says none')
    return 'from-the-start'
  }
  const isHere = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  return asked ?? (isHere ? 'never' : 'required')
}

function loginOf(url: URL): { user: string; pass: string } | undefined {
  if (url.username === '' && url.password === '') return undefined
  if (url.username === '' || url.password === '') throw bad('it has a user or a password, and not both')
  try {
    return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
  } catch {
    throw bad('its user or password is not percent-encoded')
  }
}

const bad = (why: string): MillraceError => new MillraceError('intake/bad-smtp-url', { why })
