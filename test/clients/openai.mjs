// SPDX-License-Identifier: MIT
// OpenAI's client on Chat Completions.
import OpenAI from 'openai';
import { assert, collect, conversation } from './harness.mjs';

const question = { model: 'gpt-x', messages: [{ role: 'user', content: 'how many?' }] };
const tools = [{
	type: 'function',
	function: {
		name: 'count',
		description: 'counts',
		parameters: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
	},
}];
const call = { tool_calls: [{ id: 'call_a', name: 'count', input: { what: 'files' } }] };
const answer = { text: ['There are ', '42.'], usage: { input: 12, output: 7, cache_read: 3 } };
const loop = [
	{ match: { turn: 0, wire: 'openai', tools_include: ['count'] }, reply: call },
	{ match: { turn: 1, tool_result: { id: 'call_a', contains: '42' } }, reply: answer },
];

function client(url, more) {
	return new OpenAI({ apiKey: 'sk-test', baseURL: `${url}/v1`, maxRetries: 0, ...more });
}

function checkUsage(usage) {
	assert.equal(usage.prompt_tokens, 15);
	assert.equal(usage.completion_tokens, 7);
	assert.equal(usage.total_tokens, 22);
	assert.equal(usage.prompt_tokens_details.cached_tokens, 3);
}

conversation('openai: chunks of a stream', [{ reply: { thinking: 'hm', ...answer } }], async (url) => {
	const stream = await client(url).chat.completions.create({
		...question, stream: true, stream_options: { include_usage: true },
	});
	const chunks = await collect(stream);
	const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
	assert.equal(text, 'There are 42.');
	assert.ok(chunks.every((chunk) => chunk.object === 'chat.completion.chunk' && chunk.id === chunks[0].id));
	assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.reasoning_content ?? '').join(''), 'hm');
	assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
	checkUsage(chunks.at(-1).usage);
});

conversation('openai: the helper for streams', [{ reply: answer }], async (url) => {
	const stream = client(url).chat.completions.stream({
		...question, stream_options: { include_usage: true },
	});
	const told = [];
	stream.on('content', (piece) => told.push(piece));
	const whole = await stream.finalChatCompletion();
	assert.deepEqual(told, ['There are ', '42.']);
	assert.equal(whole.choices[0].message.content, 'There are 42.');
	assert.equal(whole.choices[0].message.role, 'assistant');
	assert.equal(whole.model, 'gpt-x');
	checkUsage(whole.usage);
	assert.equal((await stream.totalUsage()).total_tokens, 22);
});

conversation('openai: a streamed tool call, its result, the answer', loop, async (url, requests) => {
	const openai = client(url);
	const first = await openai.chat.completions.stream({ ...question, tools }).finalMessage();
	assert.equal(first.tool_calls.length, 1);
	assert.equal(first.tool_calls[0].id, 'call_a');
	assert.deepEqual(JSON.parse(first.tool_calls[0].function.arguments), { what: 'files' });
	const messages = [...question.messages, first,
		{ role: 'tool', tool_call_id: first.tool_calls[0].id, content: '42' }];
	const second = await openai.chat.completions.stream({ ...question, messages, tools }).finalContent();
	assert.equal(second, 'There are 42.');
	assert.deepEqual(requests().map((one) => one.matched), [0, 1]);
});

for (const stream of [false, true])
	conversation(`openai: runTools, ${stream ? 'streaming' : 'not streaming'}`, loop, async (url) => {
		const counted = [];
		const runner = client(url).chat.completions.runTools({
			...question,
			stream,
			tools: [{
				type: 'function',
				function: {
					...tools[0].function,
					parse: JSON.parse,
					function: ({ what }) => {
						counted.push(what);
						return '42';
					},
				},
			}],
		});
		assert.equal(await runner.finalContent(), 'There are 42.');
		assert.deepEqual(counted, ['files']);
	});

conversation('openai: two calls in one stream', [
	{ reply: { tool_calls: [{ name: 'a', input: { x: 1 } }, { name: 'b', input: { y: 'é' } }] } },
], async (url) => {
	const message = await client(url).chat.completions.stream(question).finalMessage();
	assert.deepEqual(message.tool_calls.map((one) => [one.id, one.function.name, JSON.parse(one.function.arguments)]),
		[['call_1', 'a', { x: 1 }], ['call_2', 'b', { y: 'é' }]]);
});

conversation('openai: not streaming', [{ reply: answer }, { reply: call }, { reply: { stop: 'max_tokens', text: 'cut' } }],
	async (url) => {
		const openai = client(url);
		const first = await openai.chat.completions.create(question);
		assert.equal(first.object, 'chat.completion');
		assert.equal(first.choices[0].message.content, 'There are 42.');
		assert.equal(first.choices[0].finish_reason, 'stop');
		checkUsage(first.usage);
		const second = await openai.chat.completions.create({ ...question, tools });
		assert.equal(second.choices[0].finish_reason, 'tool_calls');
		assert.equal(second.choices[0].message.content, null);
		assert.equal(second.choices[0].message.tool_calls[0].function.arguments, '{"what":"files"}');
		const third = await openai.chat.completions.create(question);
		assert.equal(third.choices[0].finish_reason, 'length');
	});

conversation('openai: it tries again after 429 and 503', [
	{ reply: { status: 429, headers: { 'retry-after-ms': '20' }, error: { type: 'rate_limit_exceeded', message: 'slow down' } } },
	{ reply: { status: 503, headers: { 'retry-after-ms': '20' } } },
	{ reply: answer },
], async (url, requests) => {
	const whole = await client(url, { maxRetries: 2 }).chat.completions.create(question);
	assert.equal(whole.choices[0].message.content, 'There are 42.');
	assert.deepEqual(requests().map((one) => one.headers['x-stainless-retry-count']), ['0', '1', '2']);
});

for (const [status, type, name] of [
	[400, 'context_length_exceeded', 'BadRequestError'], [401, 'invalid_api_key', 'AuthenticationError'],
	[403, 'permission_error', 'PermissionDeniedError'], [404, 'model_not_found', 'NotFoundError'],
	[429, 'insufficient_quota', 'RateLimitError'], [500, 'server_error', 'InternalServerError'],
])
	conversation(`openai: ${status} is its ${name}`, [
		{ reply: { status, headers: { 'x-request-id': 'req_1' }, error: { type, message: 'because' } } },
	], async (url) => {
		await assert.rejects(client(url).chat.completions.create({ ...question, stream: status % 2 === 0 }), (error) => {
			assert.ok(error instanceof OpenAI[name], `it is a ${error.constructor.name}`);
			assert.equal(error.status, status);
			assert.equal(error.code, type);
			assert.equal(error.requestID, 'req_1');
			assert.match(error.message, /because/);
			return true;
		});
	});

conversation('openai: a stream that breaks off with an error', [
	{ reply: { text: ['par', 'tial'], error: { type: 'server_error', message: 'gone' } } },
	{ reply: { text: ['par', 'tial'], cut_after_deltas: 1 } },
	{ reply: { close_before_head: true } },
], async (url) => {
	const openai = client(url);
	const told = [];
	await assert.rejects((async () => {
		for await (const chunk of await openai.chat.completions.create({ ...question, stream: true }))
			told.push(chunk.choices[0]?.delta.content ?? '');
	})(), (error) => error instanceof OpenAI.APIError && error.code === 'server_error');
	assert.equal(told.join(''), 'partial');
	await assert.rejects(openai.chat.completions.stream(question).finalContent());
	await assert.rejects(openai.chat.completions.create(question), OpenAI.APIConnectionError);
});

conversation('openai: what the scripted provider has no reply for', [{ match: { model: 'other' }, reply: {} }],
	async (url) => {
		await assert.rejects(client(url).chat.completions.create(question),
			(error) => error instanceof OpenAI.NotFoundError && /no reply fits/.test(error.message));
	});

conversation('openai: the list of models', { models: [{ id: 'a' }, { id: 'b' }], replies: [] }, async (url) => {
	const openai = client(url);
	const models = await collect(openai.models.list());
	assert.deepEqual(models.map((model) => [model.object, model.id]), [['model', 'a'], ['model', 'b']]);
});

// The client asks for base64 by itself, and decodes it.
conversation('openai: vectors', [{ match: { path: '/v1/embeddings' }, reply: { status: 500, error: { message: 'no' } } }],
	async (url, requests) => {
		const openai = client(url);
		const ask = (more) => openai.embeddings.create({ model: 'e', input: ['one text', 'another'], ...more });
		await assert.rejects(ask(), OpenAI.InternalServerError);
		const packed = await ask();
		const plain = await ask({ encoding_format: 'float' });
		assert.equal(requests()[1].body.encoding_format, 'base64');
		assert.deepEqual(packed.data.map((one) => one.index), [0, 1]);
		assert.equal(packed.data[0].embedding.length, plain.data[0].embedding.length);
		for (const [i, one] of packed.data.entries())
			for (const [k, value] of one.embedding.entries())
				assert.ok(Math.abs(value - plain.data[i].embedding[k]) < 1e-6);
		assert.notDeepEqual(plain.data[0].embedding, plain.data[1].embedding);
		assert.ok(plain.usage.prompt_tokens > 0);
		assert.equal((await ask({ dimensions: 5 })).data[1].embedding.length, 5);
	});
