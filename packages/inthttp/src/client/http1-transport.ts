import { Agent, type RequestOptions, request as sendRequest } from 'node:http'
import type { PeerAddress } from './peer-address.ts'
import {
  AnswerBody,
  type Exchange,
  faultOf,
  type PeerAnswer,
  type Transport,
  TransportFault,
  watch,
} from './transport.ts'

/** Connections of one peer that are open at the most. */
const MAX_SOCKETS = 64

/** HTTP/1.1 with connections that are kept. */
export function http1Transport(address: PeerAddress): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: 900_000 })
  return {
    exchange: (exchange) => exchangeOver(agent, address, exchange),
    close: async () => agent.destroy(),
  }
}

function exchangeOver(agent: Agent, address: PeerAddress, exchange: Exchange): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(exchange.body, 'utf8')
    const headers = { ...exchange.headers, 'content-length': bytes.length }
    const request = sendRequest({ ...whereTo(address), agent, method: 'POST', path: exchange.path, headers })
    const finish = watch(exchange, (fault) => request.destroy(fault))
    const fail = (error: Error) => {
      finish()
      reject(error instanceof TransportFault ? error : faultOf(error))
    }
    request.once('error', fail)
    request.once('response', (response) => {
      const body = new AnswerBody(exchange.maxAnswerBytes)
      response.on('data', (chunk: Uint8Array) => {
        if (!body.add(chunk)) request.destroy(new TransportFault('too-long', 'the answer is too long'))
      })
      response.once('error', fail)
      response.once('end', () => {
        finish()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: body.bytes() })
      })
    })
    request.end(bytes)
  })
}

function whereTo(address: PeerAddress): RequestOptions {
  if (address.socketPath !== undefined) return { socketPath: address.socketPath, host: 'localhost' }
  return { host: address.host, port: address.port }
}
