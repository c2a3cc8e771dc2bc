import type { FastifyReply } from 'fastify'
import type { ErrorForm } from './error-form.ts'

/** Sends an error by way of Fastify. */
export function sendError(reply: FastifyReply, form: ErrorForm): FastifyReply {
  return reply
    .code(form.status)
    .headers(form.headers)
    .header('content-type', 'application/json')
    .send(Buffer.from(form.body, 'utf8'))
}
