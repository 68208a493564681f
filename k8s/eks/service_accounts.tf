# One IAM role for each service account that needs AWS, and only that account of only that namespace may take it.
# The Blender pods have neither a service account's token nor a role.

locals {
  issuer = replace(aws_iam_openid_connect_provider.cluster.url, "https://", "")

  service_accounts = merge(
    {
      "api"              = { namespace = local.backend_namespace, name = "api", policy = data.aws_iam_policy_document.artifacts.json }
      "runner"           = { namespace = local.backend_namespace, name = "runner", policy = data.aws_iam_policy_document.artifacts.json }
      "external-secrets" = { namespace = "external-secrets", name = "external-secrets", policy = data.aws_iam_policy_document.external_secrets.json }
      "karpenter"        = { namespace = "kube-system", name = "karpenter", policy = data.aws_iam_policy_document.karpenter.json }
      "vpc-cni"          = { namespace = "kube-system", name = "aws-node", policy = null }
      "ebs-csi"          = { namespace = "kube-system", name = "ebs-csi-controller-sa", policy = null }
    },
    var.zone_id == "" ? {} : {
      "external-dns" = { namespace = "external-dns", name = "external-dns", policy = data.aws_iam_policy_document.external_dns[0].json }
      "cert-manager" = { namespace = "cert-manager", name = "cert-manager", policy = data.aws_iam_policy_document.cert_manager[0].json }
    },
  )
  managed_policies = {
    "vpc-cni" = "AmazonEKS_CNI_Policy"
    "ebs-csi" = "service-role/AmazonEBSCSIDriverPolicy"
  }
}

resource "aws_iam_role" "service_account" {
  for_each           = local.service_accounts
  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.service_account_trust[each.key].json
}

data "aws_iam_policy_document" "service_account_trust" {
  for_each = local.service_accounts

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.cluster.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:${each.value.namespace}:${each.value.name}"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "service_account" {
  for_each = { for key, one in local.service_accounts : key => one.policy if !contains(keys(local.managed_policies), key) }
  name     = each.key
  role     = aws_iam_role.service_account[each.key].id
  policy   = each.value
}

resource "aws_iam_role_policy_attachment" "service_account" {
  for_each   = local.managed_policies
  role       = aws_iam_role.service_account[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value}"
}

# --- what each may do --------------------------------------------------------

data "aws_iam_policy_document" "artifacts" {
  statement { # no other prefix, no versions, no settings of the bucket
    sid       = "Objects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${aws_s3_bucket.artifacts.arn}/${var.artifacts_prefix}/*"]
  }
  statement {
    sid       = "Listing"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.artifacts.arn]
    condition { # IfExists: a HEAD of what is missing asks for this right, too, without a prefix; refused it says 403, not 404
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${var.artifacts_prefix}/*"]
    }
  }
  statement {
    sid       = "ObjectsKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.data.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "external_secrets" {
  statement {
    sid       = "ReadOurs"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [for key in ["database", "backend"] : aws_secretsmanager_secret.this[key].arn]
  }
  statement {
    sid       = "SecretsKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.data.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "external_dns" {
  count = var.zone_id == "" ? 0 : 1

  statement {
    sid       = "OurZone"
    actions   = ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResource"]
    resources = ["arn:${local.partition}:route53:::hostedzone/${var.zone_id}"]
  }
  statement { # this call takes no resource
    sid       = "FindZones"
    actions   = ["route53:ListHostedZones"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "cert_manager" {
  count = var.zone_id == "" ? 0 : 1

  statement {
    sid       = "Challenge"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = ["arn:${local.partition}:route53:::hostedzone/${var.zone_id}"]
    condition { # the challenge's record and no other: it cannot turn the site's address
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
      values   = ["_acme-challenge.${var.host}"]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "route53:ChangeResourceRecordSetsRecordTypes"
      values   = ["TXT"]
    }
  }
  statement {
    sid       = "SeeRecords"
    actions   = ["route53:ListResourceRecordSets"]
    resources = ["arn:${local.partition}:route53:::hostedzone/${var.zone_id}"]
  }
  statement {
    sid       = "WaitForChange"
    actions   = ["route53:GetChange"]
    resources = ["arn:${local.partition}:route53:::change/*"]
  }
}
