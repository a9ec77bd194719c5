"""A Scambio server with LMTP and IMAP, and a client that shows what the server says, line by line."""
import os
import re
import smtplib
import socket

from scambio import Server, free_port


class Mail:
    """A server with mail; use it as `with Mail() as m`."""

    def __init__(self, config='', users=('alice', 'bob')):
        self.imap_port, self.lmtp_port = free_port(), free_port()
        self.server = Server(config, https=True)
        with open(self.server.conf) as f:
            text = f.read()
        with open(self.server.conf, 'w') as f:
            f.write(text.replace('[listen]\n', '[listen]\nimap = 127.0.0.1:%d\nlmtp = 127.0.0.1:%d\n' %
                                 (self.imap_port, self.lmtp_port)))
        self.users = users

    def __enter__(self):
        self.server.__enter__()
        for name in self.users:
            self.server.user('%s@example.test' % name, 'segreto')
        return self

    def __exit__(self, *args):
        return self.server.__exit__(*args)

    def deliver(self, text, to='alice'):
        lmtp = smtplib.LMTP('127.0.0.1', self.lmtp_port)
        lmtp.sendmail('sender@example.test', ['%s@example.test' % to], text)
        lmtp.quit()

    def client(self, user='alice', select=None, enable=None):
        c = Client(self.imap_port)
        c.ok('LOGIN %s@example.test segreto' % user)
        if enable:
            c.ok('ENABLE ' + enable)
        if select:
            c.ok('SELECT ' + select)
        return c


class Client:
    """Sends commands; answers are lists of lines (bytes), each with its literals inside."""

    def __init__(self, port):
        self.sock = socket.create_connection(('127.0.0.1', port), timeout=60)
        self.file = self.sock.makefile('rb', buffering=1 << 16)
        self.tag = 0
        self.greeting = self.line()

    def line(self):
        """One response, literals and all. EOFError at the end."""
        whole = b''
        while True:
            text = self.file.readline()
            if not text.endswith(b'\n'):
                raise EOFError(whole + text)
            whole += text
            literal = re.search(rb'\{(\d+)\}\r\n$', text)
            if not literal:
                return whole[:-2]
            n = int(literal.group(1))
            data = self.file.read(n)
            if len(data) != n:
                raise EOFError('a literal of %d ended after %d' % (n, len(data)))
            whole += data

    def send(self, command):
        self.tag += 1
        tag = b't%d' % self.tag
        self.sock.sendall(tag + b' ' + (command if isinstance(command, bytes) else command.encode()) + b'\r\n')
        return tag

    def finish(self, tag):
        """(status line without the tag, untagged lines)"""
        lines = []
        while True:
            text = self.line()
            if text.startswith(tag + b' '):
                return text[len(tag) + 1:], lines
            lines.append(text)

    def run(self, command):
        return self.finish(self.send(command))

    def ok(self, command):
        """The untagged lines of a command that succeeds."""
        status, lines = self.run(command)
        assert status.startswith(b'OK'), (command, status, lines[:20])
        return lines

    def no(self, command, word=b'NO'):
        status, _ = self.run(command)
        assert status.startswith(word), (command, status)
        return status

    def close(self):
        self.file.close()
        self.sock.close()


def message(subject='greetings', body='hello\r\n', extra=''):
    return ('From: Anna <anna@example.org>\r\nTo: alice@example.test\r\nSubject: %s\r\n'
            'Message-ID: <%s@example.org>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n%s\r\n%s'
            % (subject, os.urandom(6).hex(), extra, body))
