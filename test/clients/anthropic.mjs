// SPDX-License-Identifier: MIT
// Anthropic's client on Messages.
import Anthropic from '@anthropic-ai/sdk';
import { assert, collect, conversation } from './harness.mjs';

const question = { model: 'claude-x', max_tokens: 100, messages: [{ role: 'user', content: 'how many?' }] };
const schema = { type: 'object', properties: { what: { type: 'string' } } };
const tools = [{ name: 'count', description: 'counts', input_schema: schema }];
const usage = { input: 12, output: 7, cache_read: 3, cache_write: 5 };
const answer = { text: ['There are ', '42.'], usage };
const call = { thinking: 'I count', text: 'Wait.', tool_calls: [{ id: 'call_a', name: 'count', input: { what: 'files' } }] };
const loop = [
	{ match: { turn: 0, wire: 'anthropic', tools_include: ['count'] }, reply: call },
	{ match: { turn: 1, tool_result: { id: 'call_a', contains: '42' } }, reply: answer },
];

function client(url, more) {
	return new Anthropic({ apiKey: 'sk-test', baseURL: url, maxRetries: 0, ...more });
}

function checkUsage(told) {
	assert.equal(told.input_tokens, 12);
	assert.equal(told.output_tokens, 7);
	assert.equal(told.cache_read_input_tokens, 3);
	assert.equal(told.cache_creation_input_tokens, 5);
}

conversation('anthropic: events of a stream', [{ reply: answer }], async (url) => {
	const events = await collect(await client(url).messages.create({ ...question, stream: true }));
	assert.deepEqual(events.map((event) => event.type), ['message_start', 'content_block_start',
		'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
	assert.equal(events.at(-2).delta.stop_reason, 'end_turn');
	checkUsage(events.at(-2).usage);
});

conversation('anthropic: the helper for streams, with thoughts', [{ reply: { thinking: ['I ', 'think'], ...answer } }],
	async (url) => {
		const stream = client(url).messages.stream(question);
		const told = [];
		stream.on('text', (piece) => told.push(piece));
		const whole = await stream.finalMessage();
		assert.deepEqual(told, ['There are ', '42.']);
		assert.deepEqual(whole.content.map((block) => block.type), ['thinking', 'text']);
		assert.equal(whole.content[0].thinking, 'I think');
		assert.equal(whole.content[0].signature, 'bW9jaw==');
		assert.equal(whole.stop_reason, 'end_turn');
		assert.equal(whole.model, 'claude-x');
		checkUsage(whole.usage);
	});

for (const streaming of [true, false])
	conversation(`anthropic: a tool call, its result, the answer, ${streaming ? 'streaming' : 'not streaming'}`, loop,
		async (url, requests) => {
			const { messages } = client(url);
			const ask = (body) => streaming ? messages.stream(body).finalMessage() : messages.create(body);
			const first = await ask({ ...question, tools });
			assert.equal(first.stop_reason, 'tool_use');
			const made = first.content.find((block) => block.type === 'tool_use');
			assert.deepEqual(made.input, { what: 'files' });
			assert.equal(first.content[0].thinking, 'I count');
			const second = await ask({
				...question,
				tools,
				messages: [...question.messages, { role: 'assistant', content: first.content },
					{ role: 'user', content: [{ type: 'tool_result', tool_use_id: made.id, content: '42' }] }],
			});
			assert.equal(second.content[0].text, 'There are 42.');
			checkUsage(second.usage);
			assert.deepEqual(requests().map((one) => one.matched), [0, 1]);
		});

// A thread is history that the server keeps: what continues one holds the new messages only.
const threaded = [
	{ match: { json: { '/thread/type': 'create' }, tools_include: ['count'] }, reply: call },
	{ match: { json: { '/thread/previous_message_id': 'msg_mock_1' }, tool_result: { id: 'call_a', contains: '42' } },
		reply: answer },
];

for (const stream of [false, true])
	for (const [thread, replies] of [[false, loop], [true, threaded]])
		conversation(`anthropic: its toolRunner, ${stream ? '' : 'not '}streaming, ${thread ? '' : 'no '}thread`, replies,
			async (url, requests) => {
				const counted = [];
				const last = await client(url).beta.messages.toolRunner({
					...question,
					stream,
					...(thread ? {} : { thread }),
					tools: [{
						type: 'custom',
						name: 'count',
						input_schema: schema,
						run: ({ what }) => {
							counted.push(what);
							return '42';
						},
						parse: (input) => input,
					}],
				}).runUntilDone();
				assert.equal(last.content[0].text, 'There are 42.');
				assert.deepEqual(counted, ['files']);
				assert.deepEqual(requests().map((one) => one.body.messages.length), thread ? [1, 1] : [1, 3]);
			});

conversation('anthropic: it tries again after 429 and 529', [
	{ reply: { status: 429, headers: { 'retry-after-ms': '20' }, error: { message: 'slow down' } } },
	{ reply: { status: 529, headers: { 'retry-after-ms': '20' } } },
	{ reply: answer },
], async (url, requests) => {
	const whole = await client(url, { maxRetries: 2 }).messages.create(question);
	assert.equal(whole.content[0].text, 'There are 42.');
	assert.equal(requests().length, 3);
});

for (const [status, type, name, message] of [
	[400, 'invalid_request_error', 'BadRequestError', 'prompt is too long: 9 tokens > 8 maximum'],
	[401, 'authentication_error', 'AuthenticationError', 'invalid x-api-key'],
	[404, 'not_found_error', 'NotFoundError', 'model: claude-x'],
	[413, 'request_too_large', 'APIError', 'Request exceeds the maximum size'],
	[429, 'rate_limit_error', 'RateLimitError', 'slow down'],
	[529, 'overloaded_error', 'InternalServerError', 'Overloaded'],
])
	conversation(`anthropic: ${status} is its ${name}`, [
		{ reply: { status, headers: { 'request-id': 'req_1' }, error: { type, message } } },
	], async (url) => {
		await assert.rejects(client(url).messages.create({ ...question, stream: status % 2 === 0 }), (error) => {
			assert.ok(error instanceof Anthropic[name], `it is a ${error.constructor.name}`);
			assert.equal(error.status, status);
			assert.equal(error.requestID, 'req_1');
			assert.deepEqual(error.error.error, { type, message });
			return true;
		});
	});

conversation('anthropic: a stream that breaks off', [
	{ reply: { text: ['par', 'tial'], error: { type: 'overloaded_error', message: 'Overloaded' } } },
	{ reply: { text: ['par', 'tial'], cut_after_deltas: 1 } },
	{ reply: { error: { type: 'overloaded_error', message: 'Overloaded' } } },
], async (url) => {
	const { messages } = client(url);
	const told = [];
	const stream = messages.stream(question);
	stream.on('text', (piece) => told.push(piece));
	await assert.rejects(stream.finalMessage(), (error) => /overloaded_error/.test(error.message));
	assert.deepEqual(told, ['par', 'tial']);
	await assert.rejects(messages.stream(question).finalMessage());
	await assert.rejects(messages.create(question), (error) => error.status === 529);
});

conversation('anthropic: the list of models, in pages', {
	models: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })), replies: [],
}, async (url, requests) => {
	const models = await collect(client(url).models.list({ limit: 2 }));
	assert.deepEqual(models.map((model) => model.id), ['a', 'b', 'c', 'd', 'e']);
	assert.ok(models.every((model) => model.type === 'model'));
	assert.equal(requests().length, 3);
});
