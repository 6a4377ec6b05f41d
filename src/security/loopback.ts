// Hosts of this machine. A connection to one needs no TLS.

const HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether the host of a URL is this machine. */
export const isLoopback = (url: URL): boolean => HOSTS.includes(url.hostname)
