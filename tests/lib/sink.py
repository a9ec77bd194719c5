"""A mail server for a test that takes what it is sent, or behaves badly: `faults` says how, step by step.

    with Sink() as s:
        s.faults['rcpt'] = ['450 4.2.0 later']      # popped for each RCPT; what is left out is answered well
        ... s.mails: [(sender, [recipients], bytes)]

A fault is a reply, 'close', 'stall', or bytes that are sent as they are. 'end:close' as 'end' closes after the text was taken down."""
import socket
import ssl
import threading
import time


class Sink:
    def __init__(self, extensions=('PIPELINING', '8BITMIME', 'SIZE 10000000', 'DSN', 'SMTPUTF8'), lmtp=False, path=None, tls=None, login=None):
        self.extensions, self.lmtp, self.login = list(extensions), lmtp, login
        self.faults, self.mails, self.commands, self.connections, self.logins = {}, [], [], 0, []
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
            self.extensions.append('STARTTLS')
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(path or ('127.0.0.1', 0))
        self.socket.listen(50)
        self.port = None if path else self.socket.getsockname()[1]
        self.secure = []  # for each mail: over TLS
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def subjects(self):
        return [m[2].split(b'Subject: ')[1].split(b'\r\n')[0].decode() for m in list(self.mails)]

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            self.talk(c)
        except (OSError, EOFError, ssl.SSLError):
            pass
        c.close()

    def say(self, c, step, good):
        fault = self.faults.get(step)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        fault = good if fault is None else fault
        if fault == 'close':
            raise EOFError
        if fault == 'stall':
            time.sleep(60)
            raise EOFError
        c.sendall(fault if isinstance(fault, bytes) else fault.encode() + b'\r\n')
        return fault if isinstance(fault, str) else ''

    def talk(self, c):
        sender, to, f, secure = None, [], c.makefile('rb'), False
        self.say(c, 'greeting', '220 sink.test')
        while True:
            line = f.readline()
            if not line:
                return
            self.commands.append(line)
            verb = line.split()[0].upper().decode() if line.split() else ''
            if verb in ('EHLO', 'LHLO'):
                offers = [e for e in self.extensions if not (secure and e == 'STARTTLS')]
                lines = ['sink.test'] + offers
                self.say(c, 'ehlo', '\r\n'.join('250%s%s' % ('-' if i < len(lines) - 1 else ' ', x) for i, x in enumerate(lines)))
            elif verb == 'HELO':
                self.say(c, 'helo', '250 sink.test')
            elif verb == 'STARTTLS':
                if self.say(c, 'starttls', '220 go on').startswith('220'):
                    c = self.context.wrap_socket(c, server_side=True)
                    f, secure = c.makefile('rb'), True
            elif verb == 'AUTH':
                self.logins.append(line.split()[2])
                self.say(c, 'auth', '235 2.7.0 hello')
            elif verb == 'MAIL':
                sender, to = line.split(b'<')[1].split(b'>')[0].decode(), []
                self.say(c, 'mail', '250 2.1.0 ok')
            elif verb == 'RCPT':
                who = line.split(b'<')[1].split(b'>')[0].decode()
                if self.say(c, 'rcpt', '250 2.1.5 ok').startswith('250'):
                    to.append(who)
            elif verb == 'DATA':
                if not to and 'data' not in self.faults:
                    self.say(c, 'none', '554 5.5.1 nobody')
                    continue
                if not self.say(c, 'data', '354 go on').startswith('354'):
                    continue
                text = b''
                while True:
                    line = f.readline()
                    if not line:
                        return
                    if line == b'.\r\n':
                        break
                    text += line[1:] if line.startswith(b'.') else line
                    if len(text) > 100 and self.faults.get('text') == 'close':
                        raise EOFError
                if not to:
                    self.say(c, 'none', '554 5.5.1 nobody')
                    continue
                fault = self.faults.get('end')
                fault = fault[0] if isinstance(fault, list) and fault else fault
                if not fault or fault == 'close':  # a close here: it was taken, and the answer is lost
                    self.mails.append((sender, to, text))
                    self.secure.append(secure)
                for _ in to if self.lmtp else [1]:
                    self.say(c, 'end', '250 2.0.0 taken')
            elif verb == 'QUIT':
                self.say(c, 'quit', '221 bye')
                return
            elif verb in ('RSET', 'NOOP'):
                self.say(c, 'rset', '250 ok')
            else:
                self.say(c, 'other', '500 what')
