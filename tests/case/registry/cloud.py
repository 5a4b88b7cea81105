"""cloud.py - Amazon ECR: a role or keys become a signed request, a token, and the password of a registry."""

import os

from asker import Asker, auths
from aws import ROLE, WEB_TOKEN, Aws
from fake import Fake
from image import Image

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
STATIC = {"AWS_ACCESS_KEY_ID": "AKIDSTATIC", "AWS_SECRET_ACCESS_KEY": "static/secret+key"}


def start(fake, aws, **env):
    return Asker({HOST: fake.base}, env={"AWS_ENDPOINT_URL_STS": aws.base, "AWS_ENDPOINT_URL_ECR": aws.base, **env})


def test_keys(report, fake, aws):
    asker = start(fake, aws, AWS_REGION="us-east-1", **STATIC)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["entrypoint"] == ["/web"], "keys of the environment", f"{answer} {aws.errors}")
    report(aws.token_calls == [("AKIDSTATIC", "eu-central-1", "ecr", TARGET, "application/x-amz-json-1.1")],
           "the request is signed for ecr in the registry's region", f"{aws.token_calls} {aws.errors}")
    calls = fake.take_calls()
    report(len(calls) == 2 and all("Basic" in c[2].get("Authorization", "") for c in calls), "the registry is asked with the token at once", calls)
    for i in range(5):
        asker.find(f"{HOST}/shop/web-{i}:1")
    report(len(aws.token_calls) == 1 and not aws.role_calls, "which serves all images of the region", aws.token_calls)
    asker.skip(43200 - 200)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["entrypoint"] == ["/web"] and len(aws.token_calls) == 2, "until it is about to expire", aws.token_calls)
    fake.basic = ("AWS", "ecr-password-2")
    aws.password = "ecr-password-2"
    asker.skip(61)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["error"] == "EACCES", "a token that the registry refuses", answer)
    asker.skip(31)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["entrypoint"] == ["/web"] and len(aws.token_calls) == 3, "is made anew the next time", f"{answer} {aws.token_calls}")
    report(asker.close() == 0, "it ends well")


def test_role(report, fake, aws, work):
    path = os.path.join(work, "web-token")
    aws.role_calls.clear()
    aws.token_calls.clear()
    env = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ROLE_SESSION_NAME": "a b&c"}
    asker = start(fake, aws, **env)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["error"] == "EACCES" and path in answer["text"], "a role whose token file is not there", answer)
    with open(path, "w", encoding="ascii") as file:
        file.write("an.old.token")
    asker.skip(31)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["error"] == "EACCES" and "No OpenIDConnect provider" in answer["text"], "a role that is refused, in AWS's words", answer)
    with open(path, "w", encoding="ascii") as file:
        file.write(WEB_TOKEN + "\n")
    asker.skip(31)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["entrypoint"] == ["/web"], "a role of the service account; its token file is read again", f"{answer} {aws.errors}")
    form = aws.role_calls[-1]
    report(form == {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "a b&c",
                    "WebIdentityToken": WEB_TOKEN}, "asked of STS as it is documented", form)
    report([c[:3] for c in aws.token_calls] == [("ASIAROLE", "eu-central-1", "ecr")], "and used with its session token",
           f"{aws.token_calls} {aws.errors}")
    report(asker.close() == 0, "it ends well")


def test_order(report, fake, aws):
    aws.token_calls.clear()
    asker = start(fake, aws, **STATIC)
    answer = asker.find(f"{HOST}/shop/web:1", auths(**{HOST: ("AWS", fake.basic[1])}))
    report(answer["entrypoint"] == ["/web"] and not aws.token_calls, "a pull secret that fits comes first", answer)
    answer = asker.find(f"{HOST}/shop/web:1", auths(**{HOST: ("AWS", "expired")}))
    report(answer["entrypoint"] == ["/web"] and len(aws.token_calls) == 1, "and the role after one that is refused", answer)
    aws.denies = True
    asker.skip(50000)
    answer = asker.find(f"{HOST}/shop/other:1")
    report(answer["error"] == "EACCES" and "ecr:GetAuthorizationToken" in answer["text"], "a role that may not: AWS's words", answer)
    aws.denies = False
    report(asker.close() == 0, "it ends well")
    asker = start(fake, aws)
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["error"] == "EACCES" and "AWS_ROLE_ARN" in answer["text"], "without a role it is said what is missing", answer)
    report(asker.close() == 0, "it ends well")
    asker = start(fake, aws, AWS_ACCESS_KEY_ID="AKIDSTATIC", AWS_SECRET_ACCESS_KEY="another")
    answer = asker.find(f"{HOST}/shop/web:1")
    report(answer["error"] == "EACCES" and "InvalidSignatureException" in answer["text"], "a key that is not AWS's: refused", answer)
    report(asker.close() == 0, "it ends well")


def test(report, _skip, work):
    fake, aws = Fake(), Aws()
    fake.push("shop/web", Image(["/web"]), "1")
    for i in range(5):
        fake.push(f"shop/web-{i}", Image(["/web"]), "1")
    fake.basic = ("AWS", aws.password)
    test_keys(report, fake, aws)
    test_role(report, fake, aws, work)
    test_order(report, fake, aws)
    fake.close()
    aws.close()
