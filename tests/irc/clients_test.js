// irc-framework, told by lines on standard input; prints the lines that it gets.
//
//   say ROOM TEXT      command ROOM|- /COMMAND ARGUMENTS
const { Client } = require('irc-framework');
const readline = require('readline');

const client = new Client();
client.connect({ host: '127.0.0.1', port: Number(process.argv[2]), nick: 'anna', auto_reconnect: false });
client.on('raw', (event) => { if (event.from_server) console.log(event.line); });
client.on('registered', () => console.log('registered: Welcome to the Switchboard'));
client.on('join', (event) => console.log(`${event.nick} joined ${event.channel}`));
client.on('close', () => process.exit(0));

const commands = {
  join: (room, rest) => client.join(rest[0]),
  me: (room, rest) => client.action(room, rest.join(' ')),
  nick: (room, rest) => client.changeNick(rest[0]),
  topic: (room, rest) => client.setTopic(room, rest.join(' ')),
  kick: (room, rest) => client.raw('KICK', room, rest[0], rest.slice(1).join(' ')),
  quit: (room, rest) => client.quit(rest.join(' ')),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [how, room, ...rest] = line.split(' ');
  if (how === 'say') return client.say(room, rest.join(' '));
  return commands[rest[0].slice(1)](room, rest.slice(1));
});
