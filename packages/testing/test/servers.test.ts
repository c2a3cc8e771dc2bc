import { Client } from 'pg'
import { expect, inject, it } from 'vitest'
import { createDatabase, createFilledDatabase, startNats, startPostgres } from '../src/index.ts'

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows[0]
  } finally {
    await client.end()
  }
}

it('gives every test a database of its own', async () => {
  await using one = await createDatabase(inject('postgresUrl'))
  await using other = await createDatabase(inject('postgresUrl'))
  await ask(one.url, 'create table here (x int)')
  expect(await ask(one.url, 'select count(*)::int as n from here')).toEqual({ n: 0 })
  await expect(ask(other.url, 'select * from here')).rejects.toThrow(/does not exist/)
})

it('fills a database once, and gives every test a copy', async () => {
  await using server = await startPostgres({ durable: false })
  let fillings = 0
  const fill = async (url: string) => {
    fillings++
    await ask(url, 'create table here as select 7 as x')
  }
  const copies = await Promise.all([1, 2].map(() => createFilledDatabase(server.url, 'sample', fill)))
  await using one = copies[0]
  await using other = copies[1]
  await ask(one?.url ?? '', 'delete from here')
  expect(await ask(other?.url ?? '', 'select x from here')).toEqual({ x: 7 })
  expect(fillings).toBe(1)
})

it('keeps what was committed when PostgreSQL is killed and started again', async () => {
  await using server = await startPostgres()
  await ask(server.url, 'create table kept as select 7 as x')
  await server.stop('kill')
  await expect(ask(server.url, 'select 1')).rejects.toThrow()
  await server.start()
  expect(await ask(server.url, 'select x from kept')).toEqual({ x: 7 })
})

it('starts a nats-server again where it was', async () => {
  expect(inject('natsUrl')).toMatch(/^nats:/)
  await using server = await startNats()
  const { url } = server
  await server.stop()
  await server.start()
  expect(server.url).toBe(url)
})
