// worker.js - a small service that starts programs and answers HTTP: serve, exit STATUS.
const { spawn, spawnSync, execSync } = require('child_process');

console.log(`uid ${process.getuid()} gid ${process.getgid()} cwd ${process.cwd()} greeting ${process.env.GREETING || ''}`);
process.argv.slice(2).forEach((argument, i) => console.log(`argument ${i + 1} is <${argument}>`));
console.log('uname says', spawnSync('uname', ['-s']).stdout.toString().trim());
console.log('sh ended with', spawnSync('sh', ['-c', 'exit 7']).status);
console.log('a shell says', execSync('echo shell').toString().trim());

function serve() {
	require('http').createServer((request, response) => response.end('shop\n')).listen(8080);
	process.on('SIGTERM', () => process.exit(0));
	setInterval(() => spawn('true', ['again']), 2000);
}

spawn('true', ['x']).on('exit', (status) => {
	console.log('true ended with', status);
	if ((process.argv[2] || 'serve') === 'serve')
		serve();
	else
		process.exit(Number(process.argv[3] || 0));
});
