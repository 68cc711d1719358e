// kafkajs as a compatibility program. Modes, arguments and output are those of all the programs
// (../README.md); what record i is stands in ../../records.py.
//
// kafkajs has gzip built in and a place to plug in other codecs. Its own codec packages are old, so
// the general ones for snappy, lz4 and zstd are plugged in here.

const crypto = require('node:crypto')
const readline = require('node:readline')
const { Kafka, CompressionCodecs, CompressionTypes, logLevel } = require('kafkajs')

const mode = process.argv[2]
const args = Object.fromEntries(
  process.argv.slice(3).map((argument) => {
    const equals = argument.indexOf('=')
    return [argument.slice(0, equals), argument.slice(equals + 1)]
  })
)

const say = (event) => process.stdout.write(JSON.stringify(event) + '\n')

const order = () => {
  const lines = readline.createInterface({ input: process.stdin })
  return new Promise((resolve) => {
    lines.once('line', resolve)
    lines.once('close', resolve)
  }).then(() => lines.close())
}

// Codecs.

// Java and librdkafka frame snappy in blocks behind this header; others send it bare.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])

async function unsnap(buffer) {
  const { uncompress } = require('snappy')
  if (!buffer.subarray(0, 8).equals(XERIAL)) return uncompress(buffer)
  const blocks = []
  for (let at = 16; at < buffer.length; ) {
    const size = buffer.readInt32BE(at)
    blocks.push(await uncompress(buffer.subarray(at + 4, at + 4 + size)))
    at += 4 + size
  }
  return Buffer.concat(blocks)
}

const zstd = () => require('@hpcc-js/wasm-zstd').Zstd.load()

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: (encoder) => require('snappy').compress(encoder.buffer),
  decompress: unsnap,
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder) => require('lz4-napi').compressFrame(encoder.buffer),
  decompress: (buffer) => require('lz4-napi').decompressFrame(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from((await zstd()).compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from((await zstd()).decompress(buffer)),
})

const CODEC = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

// Records.

const POOL = Buffer.alloc(8192)
for (let k = 0, s = 1; k < POOL.length; k++) {
  s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff
  POOL[k] = (s >> 16) & 0xff
}

function keyOf(i) {
  if (i % 7 === 0) return null
  if (i % 11 === 0) return Buffer.alloc(0)
  return Buffer.from(`key-${i % 1000}`)
}

function valueOf(i) {
  if (i % 13 === 0) return null
  if (i % 17 === 0) return Buffer.alloc(0)
  const start = (i * 37) % 8000
  return Buffer.concat([Buffer.from(`record-${i}-`), POOL.subarray(start, start + 60 + (i % 61))])
}

const timestampOf = (i, t0) => t0 + i - (i % 10 === 3 ? 1000 : 0)

// An object, so equal keys stand together; and kafkajs fails on null ("grouped" in records.py).
function headersOf(i) {
  switch (i % 5) {
    case 0:
      return {}
    case 1:
      return { index: String(i) }
    case 2:
      return { twice: ['first', 'second'] }
    case 3:
      return { twice: [String(i), ''], between: '' }
    default:
      return { größe: POOL.subarray(i % 256, (i % 256) + 8), nothing: '' }
  }
}

// What a consumer saw: per partition the offsets and a digest.
class Summary {
  count = 0
  partitions = new Map()

  add(partition, message) {
    let seen = this.partitions.get(partition)
    if (!seen) {
      seen = { partition, first: Number(message.offset), count: 0, digest: crypto.createHash('sha256') }
      this.partitions.set(partition, seen)
    }
    seen.last = Number(message.offset)
    seen.count++
    this.count++
    const headers = Object.entries(message.headers).flatMap(([key, value]) =>
      [value].flat().map((content) => [Buffer.from(key), content])
    )
    const head = Buffer.alloc(8)
    head.writeBigInt64BE(BigInt(message.timestamp))
    const parts = [head, ...bytes(message.key), ...bytes(message.value), int32(headers.length)]
    for (const [key, content] of headers) parts.push(...bytes(key), ...bytes(content))
    seen.digest.update(Buffer.concat(parts))
  }

  done() {
    const partitions = [...this.partitions.values()]
      .sort((a, b) => a.partition - b.partition)
      .map(({ partition, first, last, count, digest }) => ({
        partition,
        first,
        last,
        count,
        sha256: digest.digest('hex'),
      }))
    say({ event: 'done', count: this.count, partitions })
  }
}

function int32(number) {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(number)
  return buffer
}

function bytes(content) {
  if (content === null || content === undefined) return [int32(-1)]
  return [int32(content.length), content]
}

// Modes.

const kafka = new Kafka({
  clientId: 'compat',
  brokers: [args.brokers],
  logLevel: logLevel.ERROR,
  retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 100 },
})

async function produce() {
  const [from, to, partitions, t0] = [args.from, args.to, args.partitions, args.t0].map(Number)
  const pause = Number(args.pause ?? -1)
  const producer = kafka.producer({ createPartitioner: () => ({ message }) => message.partition })
  await producer.connect()
  let messages = []
  const flush = async () => {
    if (messages.length > 0) {
      await producer.send({ topic: args.topic, acks: -1, compression: CODEC[args.codec], messages })
    }
    messages = []
  }
  for (let i = from; i < to; i++) {
    if (i === pause) {
      await flush()
      say({ event: 'paused' })
      await order()
    }
    messages.push({
      partition: i % partitions,
      timestamp: String(timestampOf(i, t0)),
      key: keyOf(i),
      value: valueOf(i),
      headers: headersOf(i),
    })
    if (messages.length === 5000) await flush()
  }
  await flush()
  await producer.disconnect()
  say({ event: 'done', produced: to - from })
}

// kafkajs reads in groups only. Alone means a group of one that nobody else uses.
async function consume() {
  const wanted = Number(args.count)
  const consumer = kafka.consumer({
    groupId: args.group ?? `alone-${crypto.randomUUID()}`,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 100,
  })
  await consumer.connect()
  await consumer.subscribe({ topic: args.topic, fromBeginning: true })
  const summary = new Summary()
  const next = new Map()
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, heartbeat, isRunning, resolveOffset }) => {
          for (const message of batch.messages) {
            if (!isRunning() || summary.count >= wanted) break
            summary.add(batch.partition, message)
            resolveOffset(message.offset)
            next.set(batch.partition, String(BigInt(message.offset) + 1n))
          }
          if (summary.count >= wanted) resolve()
          else await heartbeat()
        },
      })
      .catch(reject)
  })
  if (args.group) {
    await consumer.commitOffsets(
      [...next].map(([partition, offset]) => ({ topic: args.topic, partition, offset }))
    )
  }
  await consumer.disconnect()
  summary.done()
}

async function share() {
  const consumer = kafka.consumer({ groupId: args.group, heartbeatInterval: 500, maxWaitTimeInMs: 100 })
  const received = {}
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    say({ event: 'assigned', partitions: payload.memberAssignment[args.topic] ?? [] })
  )
  await consumer.connect()
  await consumer.subscribe({ topic: args.topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition }) => {
      received[partition] = (received[partition] ?? 0) + 1
      say({ event: 'received', counts: received })
    },
  })
  await order()
  await consumer.disconnect()
  say({ event: 'left' })
}

// Creates a topic, grows it and deletes it, and says what it saw.
async function admin() {
  const topic = args.topic
  const client = kafka.admin()
  await client.connect()
  const awaitCount = async (wanted) => {
    for (;;) {
      const count = (await client.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length
      if (count === wanted) return count
    }
  }
  await client.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }], waitForLeaders: true })
  const created = await awaitCount(3)
  const again = (await client.createTopics({ topics: [{ topic, numPartitions: 3 }] })) ? 'none' : 'TopicExists'
  await client.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  const grown = await awaitCount(5)
  const listed = (await client.listTopics()).includes(topic)
  await client.deleteTopics({ topics: [topic] })
  while ((await client.listTopics()).includes(topic));
  await client.disconnect()
  say({ event: 'done', created, again, grown, listed, gone: true })
}

const modes = { produce, consume, share, admin }
modes[mode]().then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)
