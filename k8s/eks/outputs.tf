output "settings" {
  description = "The lines of k8s/overlays/eks/settings.env that AWS knows: `scripts/eks/settings` writes them there."
  value = {
    REGION          = var.region
    CLUSTER         = aws_eks_cluster.this.name
    VPC_CIDR        = aws_vpc.this.cidr_block
    REGISTRY        = split("/", aws_ecr_repository.this["prompt2mesh-api"].repository_url)[0]
    API_ROLE_ARN    = aws_iam_role.service_account["api"].arn
    RUNNER_ROLE_ARN = aws_iam_role.service_account["runner"].arn
    DATABASE_SECRET = aws_secretsmanager_secret.this["database"].name
    BACKEND_SECRET  = aws_secretsmanager_secret.this["backend"].name
    ARTIFACTS_URL   = "s3://${aws_s3_bucket.artifacts.bucket}/${var.artifacts_prefix}"
    HOST            = var.host
  }
}

output "roles" {
  description = "IAM roles by what takes them; controllers.toml and karpenter/ derive the same names from the cluster's."
  value       = merge({ for key, role in aws_iam_role.service_account : key => role.arn }, { "karpenter-node" = aws_iam_role.karpenter_node.arn })
}

output "github_roles" {
  description = "What the repository's variables AWS_BUILD_ROLE and AWS_DEPLOY_ROLE are set to."
  value       = { for key, role in aws_iam_role.github : key => role.arn }
}

output "interruption_queue" {
  description = "Where Karpenter hears of spot nodes that go; controllers.toml derives the same name."
  value       = aws_sqs_queue.interruptions.name
}

output "database_host" {
  description = "Where PostgreSQL answers, inside the VPC alone."
  value       = aws_db_instance.this.address
}
