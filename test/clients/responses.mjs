// SPDX-License-Identifier: MIT
// OpenAI's client on Responses.
import OpenAI from 'openai';
import { assert, collect, conversation } from './harness.mjs';

const question = { model: 'gpt-x', input: 'how many?' };
const tools = [{
	type: 'function',
	name: 'count',
	strict: false,
	parameters: { type: 'object', properties: { what: { type: 'string' } } },
}];
const answer = { text: ['There are ', '42.'], usage: { input: 12, output: 7, cache_read: 3 } };
const call = { tool_calls: [{ id: 'call_a', name: 'count', input: { what: 'files' } }] };

function client(url, more) {
	return new OpenAI({ apiKey: 'sk-test', baseURL: `${url}/v1`, maxRetries: 0, ...more });
}

function checkUsage(usage) {
	assert.equal(usage.input_tokens, 15);
	assert.equal(usage.input_tokens_details.cached_tokens, 3);
	assert.equal(usage.output_tokens, 7);
	assert.equal(usage.total_tokens, 22);
}

// The client's output_text is not there on what its helper for streams gives.
function textOf(response) {
	return response.output.filter((item) => item.type === 'message')
		.flatMap((item) => item.content.map((part) => part.text)).join('');
}

conversation('responses: events of a stream', [{ reply: { thinking: 'hm', ...answer } }], async (url) => {
	const events = await collect(await client(url).responses.create({ ...question, stream: true }));
	assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, i) => i));
	assert.equal(events[0].type, 'response.created');
	assert.equal(events.at(-1).type, 'response.completed');
	const text = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta);
	assert.deepEqual(text, ['There are ', '42.']);
	checkUsage(events.at(-1).response.usage);
});

conversation('responses: the helper for streams', [{ reply: { thinking: 'hm', ...answer } }], async (url) => {
	const stream = client(url).responses.stream(question);
	const told = [];
	stream.on('response.output_text.delta', (event) => told.push(event.snapshot));
	const whole = await stream.finalResponse();
	assert.deepEqual(told, ['There are ', 'There are 42.']);
	assert.equal(textOf(whole), 'There are 42.');
	assert.deepEqual(whole.output.map((item) => item.type), ['reasoning', 'message']);
	assert.equal(whole.output[0].summary[0].text, 'hm');
	checkUsage(whole.usage);
});

for (const streaming of [true, false])
	conversation(`responses: a tool call, its result, the answer, ${streaming ? 'streaming' : 'not streaming'}`, [
		{ match: { turn: 0, wire: 'responses', tools_include: ['count'] }, reply: { thinking: 'hm', ...call } },
		{ match: { turn: 1, tool_result: { id: 'call_a', contains: '42' } }, reply: answer },
	], async (url) => {
		const { responses } = client(url);
		const ask = (body) => streaming ? responses.stream(body).finalResponse() : responses.create(body);
		const first = await ask({ ...question, tools });
		const made = first.output.find((item) => item.type === 'function_call');
		assert.equal(made.call_id, 'call_a');
		assert.deepEqual(JSON.parse(made.arguments), { what: 'files' });
		const input = [{ role: 'user', content: 'how many?' }, ...first.output,
			{ type: 'function_call_output', call_id: made.call_id, output: '42' }];
		const second = await ask({ ...question, input, tools });
		assert.equal(textOf(second), 'There are 42.');
		assert.equal(second.status, 'completed');
		checkUsage(second.usage);
	});

conversation('responses: an answer that is cut', [
	{ reply: { text: 'cut', stop: 'max_tokens' } }, { reply: { text: 'cut', stop: 'max_tokens' } },
], async (url) => {
	const { responses } = client(url);
	const first = await responses.create(question);
	assert.equal(first.status, 'incomplete');
	assert.equal(first.incomplete_details.reason, 'max_output_tokens');
	const events = await collect(await responses.create({ ...question, stream: true }));
	assert.equal(events.at(-1).type, 'response.incomplete');
});

conversation('responses: it tries again after 429', [
	{ reply: { status: 429, headers: { 'retry-after-ms': '20' } } }, { reply: answer },
], async (url, requests) => {
	const whole = await client(url, { maxRetries: 1 }).responses.create(question);
	assert.equal(whole.output_text, 'There are 42.');
	assert.equal(requests().length, 2);
});

conversation('responses: errors', [
	{ reply: { status: 401, error: { type: 'invalid_api_key', message: 'who are you' } } },
	{ reply: { text: 'par', error: { type: 'server_error', message: 'gone' } } },
	{ reply: { error: { type: 'rate_limit_error', message: 'slow down' } } },
], async (url) => {
	const { responses } = client(url);
	await assert.rejects(responses.create(question), OpenAI.AuthenticationError);
	const events = await collect(await responses.create({ ...question, stream: true }));
	assert.equal(events.at(-1).type, 'response.failed');
	assert.equal(events.at(-1).response.error.message, 'gone');
	await assert.rejects(responses.create(question), OpenAI.RateLimitError);
});
