"""A mail server that takes mail only from a user who logged in over TLS: STARTTLS on one port, TLS from the first byte
on another. Arguments: its folder, the user, the password.

It writes `ca.pem`, the authority to trust, and then `ports.json`, when it listens. Each mail is a line of `mails.jsonl`
before it is acknowledged. While there is a file `refuse`, recipients are refused with the code in it."""

import asyncio
import json
import logging
import os
import ssl
import sys
from email import message_from_bytes, policy
from pathlib import Path

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOLDER = Path(sys.argv[1])
LOGIN = LoginPassword(sys.argv[2].encode(), sys.argv[3].encode())


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        try:
            code = (FOLDER / 'refuse').read_text()
        except FileNotFoundError:
            envelope.rcpt_tos.append(address)
            return '250 OK'
        return f'{code} {code[0]}.2.0 not for <{address}>'

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        body = message.get_body(('plain', 'html'))
        mail = {
            'from': envelope.mail_from,
            'to': envelope.rcpt_tos,
            'text': envelope.content.decode(errors='replace'),
            'subject': str(message['subject'] or ''),
            'body': body.get_content().replace('\r\n', '\n') if body else '',
        }
        with open(FOLDER / 'mails.jsonl', 'a') as mails:
            mails.write(json.dumps(mail) + '\n')
        return '250 OK'


def authenticate(server, session, envelope, mechanism, login):
    return AuthResult(success=login == LOGIN, handled=False)


def certificate():
    authority = trustme.CA()
    authority.cert_pem.write_to_path(FOLDER / 'ca.pem')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('localhost', '127.0.0.1').configure_cert(context)
    return context


def write_at_once(name, text):
    (FOLDER / 'partial').write_text(text)
    os.replace(FOLDER / 'partial', FOLDER / name)


async def serve():
    loop, context = asyncio.get_running_loop(), certificate()

    async def listen(tls, **options):
        login = {'auth_required': True, 'authenticator': authenticate}
        make = lambda: SMTP(Keeper(), hostname='localhost', loop=loop, **login, **options)
        server = await loop.create_server(make, '127.0.0.1', 0, ssl=tls)
        return server.sockets[0].getsockname()[1]

    starttls = await listen(None, tls_context=context, require_starttls=True)
    # Of the TLS that is beneath it the protocol knows nothing, so it may not ask for it.
    tls = await listen(context, auth_require_tls=False)
    write_at_once('ports.json', json.dumps({'starttls': starttls, 'tls': tls}))
    await asyncio.Event().wait()


logging.basicConfig(level=logging.INFO)
asyncio.run(serve())
