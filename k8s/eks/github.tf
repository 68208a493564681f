# GitHub's workflows prove by a token of theirs who they are: no long-lived key is stored anywhere.
# "build" may push images, from the main branch alone; "deploy" may deploy, from an environment that people approve.

locals {
  github = var.github_repository == "" ? {} : {
    build  = ["repo:${var.github_repository}:ref:refs/heads/main"]
    deploy = [for one in ["staging", "production"] : "repo:${var.github_repository}:environment:${one}"]
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = length(local.github) > 0 ? 1 : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each             = local.github
  name                 = "${var.name}-github-${each.key}"
  max_session_duration = 7200 # seconds; a roll-out waits for jobs
  assume_role_policy   = data.aws_iam_policy_document.github_trust[each.key].json
}

data "aws_iam_policy_document" "github_trust" {
  for_each = local.github

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github[0].arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = each.value
    }
  }
}

resource "aws_iam_role_policy" "github" {
  for_each = local.github
  name     = each.key
  role     = aws_iam_role.github[each.key].id
  policy   = each.key == "build" ? data.aws_iam_policy_document.github_build.json : data.aws_iam_policy_document.github_deploy.json
}

data "aws_iam_policy_document" "github_build" {
  statement { # this call takes no resource
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = [for one in aws_ecr_repository.this : one.arn]
  }
}

data "aws_iam_policy_document" "github_deploy" {
  statement {
    sid       = "FindTheCluster"
    actions   = ["eks:DescribeCluster"]
    resources = [aws_eks_cluster.this.arn]
  }
  statement {
    sid       = "SeeImages"
    actions   = ["ecr:DescribeImages"]
    resources = [for one in aws_ecr_repository.this : one.arn]
  }
}

# It makes namespaces, roles and custom resources, so it administers this cluster; on AWS itself it may do no more than
# the two lines above.
resource "aws_eks_access_entry" "github" {
  count         = length(local.github) > 0 ? 1 : 0
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.github["deploy"].arn
}

resource "aws_eks_access_policy_association" "github" {
  count         = length(local.github) > 0 ? 1 : 0
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.github[0].principal_arn
  policy_arn    = "arn:${local.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
